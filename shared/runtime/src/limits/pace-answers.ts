import type { ServerResponse } from "node:http";
import { LimitExceeded } from "@tidemark/domain/errors";
import type { FastifyInstance } from "fastify";
import { ClientBudget } from "./client-budget.ts";
import { type Chunk, MAX_STALL_MS, PIECE_BYTES, streamWithBackpressure } from "./stream-with-backpressure.ts";

export interface PaceOptions {
  /** How long a client may take for a piece of an answer. */
  maxStallMs?: number | undefined;
}

/**
 * The slowest rate at which a client may read a whole answer from memory. At this rate, the largest page of 8 MB stays
 * in memory for five minutes.
 */
const MIN_BYTES_PER_SECOND = 32_000;

/**
 * The limit for the bytes of large answers that are being sent. It is twice the limit of lists, so that lists do not
 * block other answers.
 */
const MAX_ANSWER_BYTES = 128_000_000;
const MAX_CLIENT_BYTES = MAX_ANSWER_BYTES / 4;

/**
 * Sends large answers in pieces, and disconnects a client that does not read them, because they occupy memory that all
 * clients share. Each client has only its share of that memory. A smaller answer fits into the buffers of its
 * connection, whose own time limits apply.
 */
export function paceAnswers(server: FastifyInstance, { maxStallMs = MAX_STALL_MS }: PaceOptions = {}): void {
  const answers = new ClientBudget({ maxBytes: MAX_ANSWER_BYTES, maxBytesPerClient: MAX_CLIENT_BYTES });
  server.addHook("onSend", (request, reply, payload, done) => {
    const isText = typeof payload === "string";
    if ((!isText && !Buffer.isBuffer(payload)) || payload.length <= PIECE_BYTES || request.method === "HEAD") {
      done(null, payload);
      return;
    }
    if (reply.raw.destroyed) {
      done(null, payload); // its client has left, and no `close` would give the room back
      return;
    }
    const bytes = isText ? Buffer.from(payload) : payload;
    // The events of a publish are already taken, so its answer is sent. It uses a part of the room of the request's
    // body.
    if (request.method === "GET") {
      const room = answers.enter(request.client?.id);
      if (!room.tryGrow(bytes.length)) {
        room.release();
        done(tooManyAnswers());
        return;
      }
      reply.raw.once("close", () => room.release());
    }
    const maxWholeMs = maxStallMs + (bytes.length / MIN_BYTES_PER_SECOND) * 1_000;
    const stop = limitTime(reply.raw, maxWholeMs);
    reply.header("content-length", bytes.length);
    done(null, streamWithBackpressure(oneChunk(bytes), { response: reply.raw, stop, maxStallMs }));
  });
}

function tooManyAnswers(): LimitExceeded {
  const detail = "this client has not read the answers that it asked for before";
  return new LimitExceeded({ code: "too_many_answers", detail });
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
