const DEADLINE_MS = 15_000;
/** A recount of many rows takes minutes. */
export const AUDIT_DEADLINE_MS = 30 * 60_000;

/** What an edge answers when the service gives it no answer, or none in time. */
const NO_ANSWER = [502, 504];

/** The service gave no answer. */
export class Unreachable extends Error {
  constructor(options) {
    super("Tidemark does not answer", options);
  }
}

/** The service refused, and said why (RFC 9457). */
class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `the answer was ${status}`);
  }
}

/** The text of an answer. @throws {Unreachable | Refused} */
export async function readText(path, { method = "GET", deadlineMs = DEADLINE_MS, accepts = (ok) => ok } = {}) {
  let response;
  let text;
  try {
    response = await fetch(path, { method, cache: "no-store", signal: AbortSignal.timeout(deadlineMs) });
    text = await response.text();
  } catch (cause) {
    throw new Unreachable({ cause });
  }
  if (NO_ANSWER.includes(response.status)) throw new Unreachable();
  if (!accepts(response.ok, response.status)) throw new Refused(response.status, parsed(text) ?? {});
  return text;
}

/** For answers whose numbers are counts. @throws {Unreachable | Refused} */
export async function readJson(path, options) {
  return JSON.parse((await readText(path, options)) || "null");
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // something in between answered, not Tidemark
  }
}

/** A path with the parameters that are given. */
export function withParameters(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
