import type { FastifyReply } from "fastify";

/** Returns a signal that is given when the connection of an answer closes or has closed, or the answer is sent. */
export function closeOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  else reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
