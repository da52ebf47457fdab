import { setTimeout as delay } from "node:timers/promises";
import type { EventFilters, EventPage, EventReader } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import { type Client, clientOf } from "@tidemark/runtime/access/client";
import { Places } from "@tidemark/runtime/limits/places";
import { type Chunk, streamWithBackpressure } from "@tidemark/runtime/limits/stream-with-backpressure";
import type { FastifyReply } from "fastify";
import type { Cursors } from "../paging/cursor.ts";
import { chunkOf, type ReadBudget } from "../paging/read-budget.ts";
import { eventsScope, readFilters } from "./event-filters.ts";
import { eventText } from "./event-text.ts";
import { onOneLine } from "./one-line.ts";

export const NDJSON = "application/x-ndjson";

/** The limits of one page of an export in events and bytes. One page is in memory at a time. */
const PAGE_EVENTS = 500;
const PAGE_BYTES = 1_000_000;
/** How long an export waits for transactions that were open when it began. */
const MAX_WAIT_MS = 10_000;
const PAUSE_MS = 25;

export interface ExportsOptions {
  cursors: Cursors;
  reader: Pick<EventReader, "listEvents" | "readTip">;
  budget: ReadBudget;
  /** The number of exports at a time. Each holds a page. */
  maxExports?: number;
  /** How long a client may take for a piece of its export. */
  maxStallMs?: number;
}

export interface Exports {
  /**
   * Answers every event that the parameters select and that was committed before the request began, one on each line.
   * The last line says how far the answer got.
   *
   * @throws {LimitExceeded} `too_many_exports` of this client
   * @throws {Unavailable} `overloaded`; `store_unreachable`
   * @throws {InvalidInput} `invalid_cursor`
   */
  send(reply: FastifyReply, parameters: EventsParameters): Promise<FastifyReply>;
  /** Ends the exports under way, each with a last line whose cursor continues it, and all later ones. */
  end(): void;
}

export function createExports({ reader, cursors, budget, maxExports = 8, maxStallMs }: ExportsOptions): Exports {
  const ending = new AbortController();
  const places = new Places({ name: "exports", code: "too_many_exports", max: maxExports });

  return {
    async send(reply, parameters) {
      const client = clientOf(reply.request);
      const { id: clientId } = client;
      const filters = readFilters(parameters, client);
      const leave = places.enter(clientId);
      const gone = new AbortController();
      reply.raw.once("close", () => {
        leave();
        gone.abort();
      });
      const scan = await startScan({ reader, cursors }, parameters, filters);
      const stop = AbortSignal.any([ending.signal, gone.signal]);
      const lines = exportLines(scan, { limit: parameters.limit, budget, client, stop });
      return reply
        .header("content-type", `${NDJSON}; charset=utf-8`)
        .send(streamWithBackpressure(lines, { response: reply.raw, stop, maxStallMs }));
    },
    end: () => ending.abort(),
  };
}

/** A cursor scan: reads page after page, `isLast` once everything that was asked for lies behind. */
interface Scan {
  start: string | undefined;
  /** Returns the cursor of a position. */
  toCursor: (position: string) => string;
  read: (after: string | undefined, limit: number) => Promise<EventPage & { isLast: boolean }>;
}

async function startScan(
  { reader, cursors }: Pick<ExportsOptions, "reader" | "cursors">,
  { order, cursor, ...parameters }: EventsParameters,
  filters: EventFilters,
): Promise<Scan> {
  const scope = eventsScope(order, parameters);
  const start = cursors.decode(cursor, scope);
  // With the newest first, the first page sees everything that is committed, and every later page is behind it.
  const upTo = order === "asc" ? await reader.readTip() : undefined;
  return {
    start,
    toCursor: (position) => cursors.encode(position, scope),
    read: async (after, limit) => {
      const page = await reader.listEvents({ order, limit, maxBytes: PAGE_BYTES, ...filters, after, upTo });
      return { ...page, isLast: page.next === upTo };
    },
  };
}

interface ExportOptions {
  limit: number | undefined;
  budget: ReadBudget;
  client: Client;
  stop: AbortSignal;
}

/**
 * Generates the lines of an export. A page is read only when the client has taken the page before. A slow client
 * therefore slows the reads of the store, and a client that leaves ends them. If the store fails meanwhile, the
 * generator throws, which cuts off the answer.
 */
async function* exportLines(
  { start, toCursor, read }: Scan,
  { limit = Number.POSITIVE_INFINITY, budget, client, stop }: ExportOptions,
): AsyncGenerator<Chunk> {
  let position = start;
  let count = 0;
  let isComplete = false;
  let movedAtMs = Date.now();
  const readPage = (maxEvents: number) =>
    budget
      .read(
        async () => {
          const { events, next, isLast } = await read(position, maxEvents);
          return { bytes: Buffer.from(events.map(eventLine).join("")), count: events.length, next, isLast };
        },
        { clientId: client.id, signal: stop },
      )
      .catch(undefinedOnceGiven(stop));
  while (!isComplete && !stop.aborted && count < limit && client.isCurrent()) {
    const page = await readPage(Math.min(PAGE_EVENTS, limit - count));
    if (page === undefined) break;
    if (!client.isCurrent()) {
      page.release();
      break;
    }
    const { next, isLast } = page;
    count += page.count;
    yield page;
    isComplete = isLast;
    const isHeldUp = !isLast && next === position;
    position = next;
    if (!isHeldUp) movedAtMs = Date.now();
    else if (Date.now() - movedAtMs > MAX_WAIT_MS) break;
    else await delay(PAUSE_MS, undefined, { signal: stop }).catch(() => {});
  }
  const nextCursor = position === undefined ? null : toCursor(position);
  const end = `${JSON.stringify({ complete: isComplete, count, next_cursor: nextCursor })}\n`;
  yield chunkOf({ bytes: Buffer.from(end) }, () => {});
}

function eventLine(event: EventPage["events"][number]): string {
  return `${onOneLine(eventText(event))}\n`;
}

/** Returns a rejection handler that returns undefined if the signal was the reason, and rethrows any other error. */
function undefinedOnceGiven(signal: AbortSignal) {
  return (error: unknown): undefined => {
    if (error !== signal.reason) throw error;
  };
}

/** Whether a client asks for lines rather than a page (RFC 9110, section 12.5.1): only if it names their media type. */
export function wantsLines(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range
      .toLowerCase()
      .split(";")
      .map((part) => part.trim());
    return type === NDJSON && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
