import type { EventReader } from "@tidemark/event-store/event-store";
import { streamEvents } from "@tidemark/http-api/operations/stream-api";
import { type Client, clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import { Places } from "@tidemark/runtime/limits/places";
import { type Chunk, streamWithBackpressure } from "@tidemark/runtime/limits/stream-with-backpressure";
import type { FastifyInstance } from "fastify";
import { eventsScope } from "../events/event-filters.ts";
import type { Cursors } from "../paging/cursor.ts";
import { chunkOf } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import { closeOf } from "./close-of.ts";
import { type Pollers, type StreamIds, streamIds } from "./pollers.ts";
import type { StreamPoller } from "./stream-poller.ts";

export interface EventStreamOptions {
  cursors: Cursors;
  reader: Pick<EventReader, "readTip">;
  pollers: Pollers;
  /** The number of streams at a time. */
  maxStreams?: number;
  /** The longest time without a byte on a stream. */
  heartbeatMs?: number;
  /** How long a client may take for a page before it is disconnected. */
  maxStallMs?: number;
}

/** How long browsers wait before they reconnect. */
const RETRY_MS = 1_000;

/**
 * Registers `GET /events/stream`, which sends newly stored events in the order of a cursor scan forward. The id of each
 * event is the cursor behind it, so a client that sends `Last-Event-ID` gets every later event once, at any replica,
 * before or after a restart.
 */
export function registerEventStream(server: FastifyInstance, options: EventStreamOptions): void {
  const { reader, pollers, cursors, maxStreams = 256, heartbeatMs = 15_000, maxStallMs } = options;
  const ending = new AbortController();
  server.addHook("preClose", async () => ending.abort());
  const places = new Places({ name: "streams", code: "too_many_streams", max: maxStreams });

  registerOperation(
    server,
    streamEvents,
    async (request, reply) => {
      const client = clientOf(request);
      const { id: clientId } = client;
      const reach = reachOf(client, request.query.topic);
      const leave = places.enter(clientId);
      const stop = AbortSignal.any([ending.signal, closeOf(reply)]);
      stop.addEventListener("abort", leave, { once: true });
      const { query, headers } = request;
      const { topic } = query;
      const lastId = headers["last-event-id"]?.toString() || query.last_event_id || undefined;
      const given = cursors.decode(lastId, eventsScope("asc", { topic }));
      const tip = await reader.readTip();
      const poller = pollers.enter(reach, tip, stop);
      const chunks = streamChunks({
        poller,
        toId: streamIds(cursors, topic),
        client,
        start: given ?? tip,
        heartbeatMs,
        stop,
      });
      return reply
        .headers({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" })
        .send(streamWithBackpressure(chunks, { response: reply.raw, stop, maxStallMs }));
    },
    { exposeHeadRoute: false },
  );
}

interface StreamOptions {
  poller: StreamPoller;
  toId: StreamIds;
  client: Client;
  start: string;
  heartbeatMs: number;
  stop: AbortSignal;
}

async function* streamChunks({ poller, toId, client, start, heartbeatMs, stop }: StreamOptions): AsyncGenerator<Chunk> {
  // An id without data is not an event, but a client that is disconnected before the first event reconnects with this
  // id.
  yield textChunk(`retry: ${RETRY_MS}\nid: ${toId(start)}\n\n`);
  let position = start;
  let lastMs = performance.now();
  while (!stop.aborted && client.isCurrent()) {
    const waitMs = lastMs + heartbeatMs - performance.now();
    const page = await poller.pageAfter(position, waitMs, { clientId: client.id, signal: stop });
    if (stop.aborted || !client.isCurrent()) return page?.release();
    position = page?.to ?? position;
    if (page?.bytes.length === 0) {
      page.release(); // the page covers positions without an event of this topic
      continue;
    }
    yield page ?? textChunk(": nothing new\n\n");
    lastMs = performance.now();
  }
}

function textChunk(text: string): Chunk {
  return chunkOf({ bytes: Buffer.from(text) }, () => {});
}
