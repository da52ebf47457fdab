import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { REQUEST_ID } from "@tidemark/domain/request-context";
import { readTraceparent } from "@tidemark/domain/trace-context";
import type { FastifyReply, FastifyRequest } from "fastify";

export const REQUEST_ID_HEADER = "x-request-id";

/** The fields that identify a request in each log line about it. */
export interface RequestNames {
  requestId: string;
  /** Present if the request belongs to a trace. */
  traceId?: string;
}

const NAMES = Symbol("names");
type NamedMessage = IncomingMessage & { [NAMES]?: RequestNames };

/**
 * Returns the names of a request: the id that the client or the edge has given to it in `X-Request-Id`, or a new one,
 * and the trace of a valid `traceparent`. They stay the same even where only Node knows the request.
 */
export function namesOf(message: NamedMessage): RequestNames {
  message[NAMES] ??= nameRequest(message);
  return message[NAMES];
}

function nameRequest({ headers }: IncomingMessage): RequestNames {
  const given = headers[REQUEST_ID_HEADER];
  // An id in another form is replaced, because it would be written to the logs of every service.
  const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
  const { traceparent } = headers;
  const trace = typeof traceparent === "string" ? readTraceparent(traceparent) : undefined;
  return trace === undefined ? { requestId } : { requestId, traceId: trace.traceId };
}

/** Names the request in its answer, so that a client can name it to the operator, who finds it in the logs. */
export function sendRequestId({ id }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.header(REQUEST_ID_HEADER, id);
  done();
}
