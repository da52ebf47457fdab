import {
  type Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  request as send,
} from "node:http";
import { finished, pipeline } from "node:stream/promises";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import { OUTAGE_PAGE } from "./outage-page.ts";

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** The address of the client, which replaces the forwarding headers that the client sent. */
  clientAddress: string;
  /** The targets, in the order in which they are tried. */
  targets: URL[];
  agent: Agent;
  /** Called with an answer that has no end. */
  onLiveStream(response: ServerResponse): void;
}

/** Longer than the longest wait that a client may ask for, 60 s. */
const ANSWER_DEADLINE_MS = 90_000;
/** The audit counts every row. */
const AUDIT_DEADLINE_MS = 30 * 60_000;
/**
 * The time for the rest of a refused body. Ending the answer earlier would close the connection while the client still
 * sends.
 */
const DROP_BODY_MS = 1_000;

/**
 * Forwards a request, and the answer back, as streams; path, body and answer stay unchanged. It tries another
 * target only while it has sent the request to none. A publish that is sent twice would be counted as a duplicate, although
 * the client sent it once. The request is in one of these states:
 *
 * - connecting: to `sent` when the target is connected; on an error the next target is tried, and after the last one the
 *   answer is 502
 * - sent: to `answering` on the target's answer; to `over` with 504 on a timeout, or with 502 on an error
 * - answering: the answer is streamed; to `over` at its end, or when either side aborts
 */
export function forward(exchange: Exchange): void {
  const { request, response, agent, onLiveStream } = exchange;
  const [target, ...others] = exchange.targets;
  const upstream = send({
    agent,
    host: target?.hostname,
    port: target?.port,
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(exchange),
    timeout: request.url?.startsWith("/audit") ? AUDIT_DEADLINE_MS : ANSWER_DEADLINE_MS,
  });
  let isSent = false;
  let isOver = false; // the client has an answer, or receives one
  const cancel = () => upstream.destroy();
  response.once("close", cancel);

  upstream.once("socket", (socket) => {
    const sendBody = () => {
      isSent = true;
      upstream.flushHeaders(); // a refusal may arrive before the body was sent
      request.pipe(upstream);
    };
    if (socket.connecting) socket.once("connect", sendBody);
    else sendBody();
  });
  upstream.once("response", (answer) => {
    isOver = true;
    response.writeHead(answer.statusCode ?? 502, endToEndHeaders(answer.rawHeaders));
    response.flushHeaders();
    if (answer.headers["content-type"]?.startsWith("text/event-stream")) onLiveStream(response);
    void passAnswer(answer, exchange);
  });
  upstream.once("timeout", () => {
    if (!isOver) answerProblem(exchange, { status: 504, code: "outcome_unknown", detail: "no answer in time" });
    isOver = true;
    upstream.destroy();
  });
  upstream.on("error", () => {
    if (isOver) return;
    response.off("close", cancel);
    if (!isSent && others.length > 0) forward({ ...exchange, targets: others });
    else answerProblem(exchange, { status: 502, code: "service_unreachable", detail: "no answer" });
  });
}

/** Answers a problem, or a page to a person who asked for one. */
function answerProblem(
  { request, response }: Exchange,
  { status, code, detail }: { status: number; code: string; detail: string },
): void {
  const wantsPage = request.method === "GET" && request.headers.accept?.includes("text/html");
  if (wantsPage) {
    response.writeHead(status, { "content-type": "text/html; charset=utf-8", "retry-after": "1", connection: "close" });
    response.end(OUTAGE_PAGE);
    return;
  }
  const text = `the service gave ${detail}; the request may have been taken, and sending it again is safe`;
  response.writeHead(status, { "content-type": PROBLEM_TYPE, "retry-after": "1", connection: "close" });
  response.end(JSON.stringify(createProblem(status, code, text)));
}

/** Ends the answer only after the request, because the answer may arrive while a refused body is still being sent. */
async function passAnswer(answer: IncomingMessage, { request, response }: Exchange): Promise<void> {
  try {
    await pipeline(answer, response, { end: false });
  } catch {
    response.destroy(); // one side has aborted, and this aborts the other side
    return;
  }
  request.unpipe().resume();
  await finished(request, { signal: AbortSignal.timeout(DROP_BODY_MS), cleanup: true }).catch(() => undefined);
  response.end();
}

/** Headers of one connection, not of the message (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"]);

/** Keeps `transfer-encoding`, because a body of unknown length needs it. */
function forwardedHeaders({ request: { headers }, clientAddress }: Exchange): OutgoingHttpHeaders {
  const forwarded: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) if (!HOP_BY_HOP.has(name)) forwarded[name] = value;
  forwarded["x-forwarded-for"] = clientAddress;
  if (headers.host !== undefined) forwarded["x-forwarded-host"] = headers.host;
  forwarded["x-forwarded-proto"] = "http";
  return forwarded;
}

/** Returns names and values alternately, in the form that `writeHead` takes. */
function endToEndHeaders(rawHeaders: string[]): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)]?.toLowerCase() ?? "";
    return !HOP_BY_HOP.has(name) && name !== "transfer-encoding";
  });
}
