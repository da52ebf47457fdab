import { keyHeaders, reportRefusedKey } from "./key.js";

const DEADLINE_MS = 15_000;

/** The answers of a reverse proxy that got no answer from the service, or none in time. */
const NO_ANSWER = [502, 504];

/** The service gave no answer. `isBehindProxy` tells that a proxy said so, so that other services may be there. */
export class Unreachable extends Error {
  /** @param {ErrorOptions & { isBehindProxy?: boolean }} [options] */
  constructor({ isBehindProxy = false, ...options } = {}) {
    super("Tidemark does not answer", options);
    this.isBehindProxy = isBehindProxy;
  }
}

/** The service answered with a problem (RFC 9457), whose detail is the message. */
export class Refused extends Error {
  /**
   * @param {string} detail
   * @param {number} status
   */
  constructor(detail, status) {
    super(detail);
    this.status = status;
  }
}

/**
 * @typedef {object} RequestOptions
 * @property {"GET" | "POST" | "DELETE"} [method]
 * @property {number} [deadlineMs]
 * @property {number} [accepts] a status that is an answer although it is not a success
 */

/**
 * Makes a request with the key of this tab, if there is one.
 *
 * @param {string} path
 * @param {RequestInit} options
 * @throws {Unreachable | Refused}
 */
export async function request(path, { headers, ...options }) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", headers: { ...headers, ...keyHeaders() }, ...options });
  } catch (cause) {
    throw new Unreachable({ cause });
  }
  if (NO_ANSWER.includes(response.status)) throw new Unreachable({ isBehindProxy: true });
  return response;
}

/**
 * Returns the error of an answer that is no success. Reports a key that was refused.
 *
 * @param {Response} response
 */
export async function refusalOf(response) {
  const detail = detailOf(await response.text()) ?? `the answer was ${response.status}`;
  if (response.status === 401) reportRefusedKey(detail);
  return new Refused(detail, response.status);
}

/**
 * Returns the text of an answer.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @throws {Unreachable | Refused}
 */
export async function readText(path, { method = "GET", deadlineMs = DEADLINE_MS, accepts } = {}) {
  const response = await request(path, { method, signal: AbortSignal.timeout(deadlineMs) });
  try {
    if (response.ok || response.status === accepts) return await response.text();
    throw await refusalOf(response);
  } catch (error) {
    throw error instanceof Refused ? error : new Unreachable({ cause: error });
  }
}

/**
 * Returns the value of an answer. Its numbers must be counts, because JavaScript rounds others.
 *
 * @template Answer
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Answer>}
 * @throws {Unreachable | Refused}
 */
export async function readJson(path, options) {
  return JSON.parse(await readText(path, options));
}

/**
 * Returns the detail of a problem, or undefined if something between here and Tidemark gave the answer.
 *
 * @param {string} text
 * @returns {string | undefined}
 */
function detailOf(text) {
  try {
    /** @type {{ detail?: string, title?: string }} */
    const problem = JSON.parse(text);
    return problem.detail ?? problem.title;
  } catch {
    return undefined;
  }
}

/**
 * Returns the path with those parameters that are neither undefined nor empty.
 *
 * @param {string} path
 * @param {Record<string, string | undefined>} parameters
 */
export function withParameters(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query}`;
}

/**
 * Returns the message of whatever was thrown.
 *
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
