import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { type Chunk, MAX_STALL_MS, PIECE_BYTES, streamWithBackpressure } from "./stream-with-backpressure.ts";

export interface PaceOptions {
  /** How long a client may take for a piece of an answer. */
  maxStallMs?: number | undefined;
}

/**
 * The slowest rate at which a client may take a whole answer that lies in memory: the largest page of 8 MB stays there for
 * no longer than five minutes.
 */
const MIN_BYTES_PER_SECOND = 32_000;

/**
 * Sends large answers in pieces, and disconnects a client that does not take them. Such an answer occupies the memory of
 * all. A smaller one fits into the buffers of its connection, whose own time limits end it.
 */
export function paceAnswers(server: FastifyInstance, { maxStallMs = MAX_STALL_MS }: PaceOptions = {}): void {
  server.addHook("onSend", (request, reply, payload, done) => {
    const isText = typeof payload === "string";
    if ((!isText && !Buffer.isBuffer(payload)) || payload.length <= PIECE_BYTES || request.method === "HEAD") {
      done(null, payload);
      return;
    }
    const bytes = isText ? Buffer.from(payload) : payload;
    const maxWholeMs = maxStallMs + (bytes.length / MIN_BYTES_PER_SECOND) * 1_000;
    const stop = limitTime(reply.raw, maxWholeMs);
    reply.header("content-length", bytes.length);
    done(null, streamWithBackpressure(oneChunk(bytes), { response: reply.raw, stop, maxStallMs }));
  });
}

/** Closes the connection of an answer that takes too long. Returns the signal of the answer's end. */
function limitTime(response: ServerResponse, maxMs: number): AbortSignal {
  const ended = new AbortController();
  const timer = setTimeout(() => response.destroy(), maxMs);
  response.once("close", () => {
    clearTimeout(timer);
    ended.abort();
  });
  return ended.signal;
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Chunk> {
  yield { bytes, release: () => {} };
}
