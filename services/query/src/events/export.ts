import { setTimeout as delay } from "node:timers/promises";
import { Unavailable } from "@tidemark/domain/errors";
import type { EventPage, EventReader } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import type { FastifyReply } from "fastify";
import { decodeCursor, encodeCursor } from "../paging/cursor.ts";
import { handOver } from "../paging/hand-over.ts";
import { type Piece, readWithin, type WalkBudget } from "../paging/walk-budget.ts";
import { eventsScope, readFilters } from "./event-filters.ts";
import { eventText } from "./event-text.ts";
import { onOneLine } from "./one-line.ts";

export const NDJSON = "application/x-ndjson";

/** How many events are in memory at a time, or so many bytes of them. */
const PAGE_EVENTS = 500;
const PAGE_BYTES = 1_000_000;
/** How long an export waits for transactions that were open when it began. */
const MAX_WAIT_MS = 10_000;
const PAUSE_MS = 25;

export interface ExportsOptions {
  reader: Pick<EventReader, "listEvents" | "readTip">;
  budget: WalkBudget;
  /** How many at a time; each holds a page. */
  maxExports?: number;
}

export interface Exports {
  /**
   * Answers the events asked for, one a line, those committed before the request began, and a last line that tells how far
   * it came. @throws {Unavailable} `overloaded`; `store_unreachable` @throws {InvalidInput} `invalid_cursor`
   */
  send(reply: FastifyReply, parameters: EventsParameters): Promise<FastifyReply>;
  /** Ends those under way, with a last line to go on from, and all later ones. */
  end(): void;
}

export function createExports({ reader, budget, maxExports = 8 }: ExportsOptions): Exports {
  const ending = new AbortController();
  let running = 0;

  return {
    async send(reply, parameters) {
      if (running >= maxExports) {
        throw new Unavailable({ code: "overloaded", detail: "too many exports at once", retryAfterSeconds: 5 });
      }
      running++;
      const gone = new AbortController();
      reply.raw.once("close", () => {
        running--;
        gone.abort();
      });
      const pages = await startPages(reader, parameters);
      const stop = AbortSignal.any([ending.signal, gone.signal]);
      const lines = handOver(exportLines(pages, parameters, { budget, stop }), { response: reply.raw, stop });
      return reply.header("content-type", `${NDJSON}; charset=utf-8`).send(lines);
    },
    end: () => ending.abort(),
  };
}

/** Pages from a place on; `isLast` when all that was asked for is behind. */
interface Pages {
  start: string | undefined;
  read: (after: string | undefined, limit: number) => Promise<EventPage & { isLast: boolean }>;
}

async function startPages(reader: ExportsOptions["reader"], parameters: EventsParameters): Promise<Pages> {
  const { order, cursor, limit: _, ...filters } = parameters;
  const start = cursor === undefined ? undefined : decodeCursor(cursor, eventsScope(order, filters));
  // Newest first, the first page sees all that is committed, and every other one lies behind it.
  const upTo = order === "asc" ? await reader.readTip() : undefined;
  return {
    start,
    read: async (after, limit) => {
      const query = { order, limit, maxBytes: PAGE_BYTES, ...readFilters(filters) };
      const page = await reader.listEvents({ ...query, ...(after && { after }), ...(upTo && { upTo }) });
      return { ...page, isLast: page.next === upTo };
    },
  };
}

/**
 * A generator, so that a page is read when the one before it has been taken: a slow reader slows the store's work, and one
 * that is gone ends it. A store that fails on the way throws, which cuts the answer.
 */
async function* exportLines(
  pages: Pages,
  parameters: EventsParameters,
  { budget, stop }: { budget: WalkBudget; stop: AbortSignal },
): AsyncGenerator<Piece> {
  const { order, cursor: _, limit = Number.POSITIVE_INFINITY, ...filters } = parameters;
  let at = pages.start;
  let count = 0;
  let isComplete = false;
  let movedAtMs = Date.now();
  const readPage = (most: number) =>
    readWithin(budget, stop, async () => {
      const { events, next, isLast } = await pages.read(at, most);
      return { bytes: Buffer.from(events.map(eventLine).join("")), count: events.length, next, isLast };
    }).catch(unlessStopped(stop));
  while (!isComplete && !stop.aborted && count < limit) {
    const page = await readPage(Math.min(PAGE_EVENTS, limit - count));
    if (page === undefined) break;
    const { next, isLast } = page;
    count += page.count;
    yield page;
    isComplete = isLast;
    const isHeldUp = !isLast && next === at;
    at = next;
    if (!isHeldUp) movedAtMs = Date.now();
    else if (Date.now() - movedAtMs > MAX_WAIT_MS) break;
    else await delay(PAUSE_MS, undefined, { signal: stop }).catch(() => {});
  }
  const nextCursor = at === undefined ? null : encodeCursor(at, eventsScope(order, filters));
  const end = `${JSON.stringify({ complete: isComplete, count, next_cursor: nextCursor })}\n`;
  yield { bytes: Buffer.from(end), release: () => {} };
}

function eventLine(event: EventPage["events"][number]): string {
  return `${onOneLine(eventText(event))}\n`;
}

/** Ends a wait for room in silence. */
function unlessStopped(stop: AbortSignal) {
  return (error: unknown): undefined => {
    if (error !== stop.reason) throw error;
  };
}

/** Whether a client asks for lines rather than a page (RFC 9110, section 12.5.1): it has to name them. */
export function wantsLines(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range
      .toLowerCase()
      .split(";")
      .map((part) => part.trim());
    return type === NDJSON && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
