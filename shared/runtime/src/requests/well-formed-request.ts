import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { InvalidInput } from "@tidemark/domain/errors";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import { escapePointer } from "@tidemark/json/pointer";
import { shorten } from "@tidemark/json/shorten";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { CountUnread } from "../metrics/request-metrics.ts";
import { namesOf, REQUEST_ID_HEADER } from "./request-id.ts";

/**
 * Refuses requests that are malformed by the HTTP standard but that Node and Fastify would serve. It runs as a hook for
 * every request.
 */
export function requireWellFormed(
  { raw }: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: InvalidInput) => void,
): void {
  done(hostFault(raw) ?? codingFault(raw) ?? queryFault(raw.url ?? ""));
}

// A name, an address or an address in brackets, and a port (RFC 3986, section 3.2.2). An empty value is allowed.
const HOST = /^(?:\[[0-9a-fA-F:.v]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/;

/** RFC 9112, section 3.2. */
function hostFault({ rawHeaders, headers: { host }, httpVersion }: IncomingMessage): InvalidInput | undefined {
  if (host === undefined) return httpVersion === "1.1" ? badRequest("the Host header is missing") : undefined;
  if (!HOST.test(host)) return badRequest("the Host header is not a host with an optional port");
  let count = 0; // Node keeps the first one
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at] as string)) count++;
  return count > 1 ? badRequest("the Host header is repeated") : undefined;
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === "host";
}

/**
 * Refuses every transfer coding except `chunked`. Node ignores all codings before the last one, so it would read a body
 * in gzip as JSON (RFC 9112, section 6.1).
 */
function codingFault({ headers }: IncomingMessage): InvalidInput | undefined {
  const codings = headers["transfer-encoding"];
  if (codings === undefined || codings.trim().toLowerCase() === "chunked") return undefined;
  const detail = "this transfer encoding is not understood";
  return new InvalidInput({ code: "not_implemented", status: 501, detail });
}

/**
 * Refuses two kinds of query. Fastify reads percent-encoding that is not UTF-8 literally, and turns a repeated
 * parameter into a list.
 */
function queryFault(url: string): InvalidInput | undefined {
  const start = url.indexOf("?");
  if (start < 0) return undefined;
  const names = new Set<string>();
  for (const parameter of url.slice(start + 1).split("&")) {
    if (parameter === "") continue;
    const name = decode(parameter.split("=", 1)[0] as string);
    if (name === undefined || decode(parameter) === undefined) {
      return invalidQuery(name ?? "", "has a percent-encoding that is not UTF-8");
    }
    if (names.has(name)) return invalidQuery(name, "must not be repeated");
    names.add(name);
  }
  return undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function invalidQuery(name: string, detail: string): InvalidInput {
  return new InvalidInput({
    code: "invalid_parameter",
    status: 400,
    detail: name === "" ? `the query ${detail}` : `${shorten(name)}: ${detail}`,
    faults: [{ pointer: name === "" ? "" : `/${escapePointer(name)}`, detail }],
  });
}

function badRequest(detail: string): InvalidInput {
  return new InvalidInput({ code: "bad_request", status: 400, detail });
}

/** Answers a request that expects anything but `100-continue` with a problem; Node would answer 417 without a body. */
export function refuseExpectations(server: Server, countUnread?: CountUnread): void {
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    countUnread?.({ status: 417, code: "expectation_failed" });
    const detail = "the only expectation that can be met is 100-continue";
    const body = JSON.stringify(createProblem(417, "expectation_failed", detail));
    const headers = { "content-type": PROBLEM_TYPE, "content-length": Buffer.byteLength(body), connection: "close" };
    response.writeHead(417, { ...headers, [REQUEST_ID_HEADER]: namesOf(request).requestId }).end(body);
  });
}
