import { Unavailable } from "@tidemark/domain/errors";
import type { Signals } from "@tidemark/event-log/signals";
import type { EventPage, EventReader } from "@tidemark/event-store/event-store";
import { LastEventId, StreamParameters } from "@tidemark/http-api/operations/stream-api";
import type { FastifyInstance, FastifyReply } from "fastify";
import { eventsScope } from "../events/event-filters.ts";
import { eventText } from "../events/event-text.ts";
import { onOneLine } from "../events/one-line.ts";
import { decodeCursor, encodeCursor } from "../paging/cursor.ts";
import { handOver } from "../paging/hand-over.ts";
import type { Piece, WalkBudget } from "../paging/walk-budget.ts";
import { EventTail } from "./event-tail.ts";

export interface EventStreamOptions {
  reader: Pick<EventReader, "listEvents" | "readTip">;
  signals: Pick<Signals, "onCommit">;
  budget: WalkBudget;
  /** How many at a time. */
  maxStreams?: number;
  /** How long a stream is silent at most. */
  heartbeatMs?: number;
  /** How long a client may take for a page that is there for it. */
  maxStallMs?: number;
}

/** After a broken connection browsers wait this long before they come back. */
const RETRY_MS = 1_000;

/**
 * `GET /events/stream`: newly stored events as they come, in the order of a walk forward. The id of each is the cursor
 * behind it, so `Last-Event-ID` goes on without gap or repeat, at any replica, before or after a restart.
 */
export function registerEventStream(server: FastifyInstance, options: EventStreamOptions): void {
  const { reader, signals, budget, maxStreams = 256, heartbeatMs = 15_000, maxStallMs = 30_000 } = options;
  const tails = createTails(server, { reader, signals, budget });
  const ending = new AbortController();
  server.addHook("preClose", async () => ending.abort());
  let open = 0;

  server.get<{ Querystring: StreamParameters; Headers: LastEventId }>(
    "/events/stream",
    { schema: { querystring: StreamParameters, headers: LastEventId }, exposeHeadRoute: false },
    async ({ query, headers }, reply) => {
      if (open >= maxStreams) {
        throw new Unavailable({ code: "overloaded", detail: "too many streams at once", retryAfterSeconds: 5 });
      }
      open++;
      const stop = AbortSignal.any([ending.signal, closeOf(reply)]);
      stop.addEventListener("abort", () => open--, { once: true });
      const { topic } = query;
      const lastId = headers["last-event-id"] || query.last_event_id;
      const given = lastId && decodeCursor(lastId, eventsScope("asc", { topic }));
      const tip = await reader.readTip();
      const tail = tails.enter(topic, tip, stop);
      const pieces = streamPieces({ tail, topic, start: given || tip, heartbeatMs, stop });
      return reply
        .headers({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" })
        .send(handOver(pieces, { response: reply.raw, stop, maxStallMs }));
    },
  );
}

function closeOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}

/** One tail for each topic that somebody follows. */
function createTails(
  server: FastifyInstance,
  { reader, signals, budget }: Pick<EventStreamOptions, "reader" | "signals" | "budget">,
) {
  const tails = new Map<string | undefined, { tail: EventTail; readers: number }>();
  signals.onCommit(() => {
    for (const { tail } of tails.values()) tail.wake();
  });

  return {
    /** The tail of a topic, begun at the tip where there is none, until the reader stops. */
    enter(topic: string | undefined, tip: string, stop: AbortSignal): EventTail {
      const toText = (page: EventPage) => page.events.map((event) => eventBlock(event, topic)).join("");
      const create = () => new EventTail({ reader, budget, topic, start: tip, toText, logger: server.log });
      const entry = tails.get(topic) ?? { tail: create(), readers: 0 };
      tails.set(topic, entry);
      entry.readers++;
      const leave = () => {
        entry.readers--;
        if (entry.readers > 0) return;
        entry.tail.stop();
        tails.delete(topic);
      };
      if (stop.aborted) leave();
      else stop.addEventListener("abort", leave, { once: true });
      return entry.tail;
    },
  };
}

function eventBlock(event: EventPage["events"][number], topic: string | undefined): string {
  return `id: ${streamId(event.position, topic)}\ndata: ${onOneLine(eventText(event))}\n\n`;
}

function streamId(position: string, topic: string | undefined): string {
  return encodeCursor(position, eventsScope("asc", { topic }));
}

interface Course {
  tail: EventTail;
  topic: string | undefined;
  start: string;
  heartbeatMs: number;
  stop: AbortSignal;
}

async function* streamPieces({ tail, topic, start, heartbeatMs, stop }: Course): AsyncGenerator<Piece> {
  // An id without data makes no event, yet a client that is cut off before the first one comes back with it.
  yield pieceOf(`retry: ${RETRY_MS}\nid: ${streamId(start, topic)}\n\n`);
  let at = start;
  let lastMs = performance.now();
  while (!stop.aborted) {
    const page = await tail.pageAfter(at, lastMs + heartbeatMs - performance.now(), stop);
    if (stop.aborted) return page?.release();
    at = page?.to ?? at;
    if (page?.bytes.length === 0) {
      page.release(); // it looked further, and nothing was there
      continue;
    }
    yield page ?? pieceOf(": nothing new\n\n");
    lastMs = performance.now();
  }
}

function pieceOf(text: string): Piece {
  return { bytes: Buffer.from(text), release: () => {} };
}
