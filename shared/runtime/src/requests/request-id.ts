import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

export const REQUEST_ID_HEADER = "x-request-id";

/** An id in another form would end up in the logs of every part, so it is replaced. */
const WELL_FORMED = /^[0-9A-Za-z._-]{1,64}$/;

/** Returns the id that the client or the edge has given to a request in `X-Request-Id`, or a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === "string" && WELL_FORMED.test(given) ? given : randomUUID();
}

/** Names the request in its answer, so that a client can name it to the operator, who finds it in the logs. */
export function sendRequestId({ id }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.header(REQUEST_ID_HEADER, id);
  done();
}
