import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import type { Logger } from "@tidemark/telemetry/logger";
import type { CountUnread } from "../metrics/request-metrics.ts";
import { namesOf, REQUEST_ID_HEADER } from "./request-id.ts";

// A client that is still sending sees the answer before its connection is destroyed.
const READ_ANSWER_MS = 1_000;

/**
 * Answers bytes that are not HTTP, or a request that arrives too slowly. The answer is written to the socket, because
 * Fastify may have no request yet.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse | null },
  { logger, countUnread }: { logger: Logger; countUnread: CountUnread | undefined },
): void {
  if (socket.writableEnded) return; // answered already; further bytes are read and dropped
  // Node's private field for the response that the client waits for. If that response belongs to an earlier request,
  // the client would mistake this answer for it.
  const expected = socket._httpMessage;
  const belongsToAnother = expected ? expected.req.complete || expected.headersSent : false; // null between requests
  if (error.code === "ECONNRESET" || !socket.writable || belongsToAnother) {
    socket.destroy();
    return;
  }
  const [status, code, detail] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ([408, "request_timeout", "the request did not arrive in time"] as const)
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ([431, "headers_too_large", "the headers are too large"] as const)
        : ([400, "bad_request", "the request is not well-formed HTTP"] as const);
  countUnread?.({ status, code });
  const body = JSON.stringify(createProblem(status, code, detail));
  const head = [
    `HTTP/1.1 ${status} ${createProblem(status, code, detail).title}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  const names = expected ? namesOf(expected.req) : undefined;
  if (names !== undefined) head.push(`${REQUEST_ID_HEADER}: ${names.requestId}`);
  // If the client has left, the handler of its request logs that itself.
  const hasLeft = names !== undefined && error.code === "HPE_INVALID_EOF_STATE";
  if (!hasLeft)
    logger.debug({ ...names, status, code }, names ? "refused a request" : "refused bytes that are not a request");
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), READ_ANSWER_MS).unref();
}
