import type { EventPage, EventQuery, EventReader } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { NO_BYTES, type Piece, readWithin, type WalkBudget } from "../paging/walk-budget.ts";

/** How often it looks where nobody tells of a commit: signals may be lost. */
const POLL_MS = 500;
/** Between two looks: whatever is committed meanwhile comes with one page. */
const PAUSE_MS = 20;
const PAGE_EVENTS = 500;
// With 256 streams that stand still these leave room in the budget for others to go on.
const OWN_PAGE_BYTES = 64_000;
// A page for all, of 500 bytes an event: at most one every 20 ms, and it has to keep up with what is stored.
const SHARED_PAGE_BYTES = 250_000;

/** The events as they are sent, none where none came, to be released by whoever got them. */
export interface TailPage extends Piece {
  /** The position behind them. */
  to: string;
}

export interface EventTailOptions {
  reader: Pick<EventReader, "listEvents">;
  budget: WalkBudget;
  topic: string | undefined;
  /** Where it begins. */
  start: string;
  toText: (page: EventPage) => string;
  logger: Pick<Logger, "warn">;
}

/**
 * Follows the newly stored events of a topic, or of all, for any number of readers: they look at the store once, together.
 * Each reader has a place of its own. One that stands where the last page begins gets that page; one further behind gets
 * pages of its own from the store until it stands there, too. So nothing is kept for a slow reader but its place.
 */
export class EventTail {
  readonly #options: EventTailOptions;
  readonly #stopping = new AbortController();
  #position: string;
  #last: SharedPage | undefined;
  #isWoken = false;
  /** Those who wait for the tail to move on, and the tail itself, waiting for a commit. */
  readonly #readers = new Set<() => void>();
  readonly #sleeper = new Set<() => void>();

  constructor(options: EventTailOptions) {
    this.#options = options;
    this.#position = options.start;
    void this.#follow();
  }

  /** Something was committed. */
  wake(): void {
    this.#isWoken = true;
    for (const call of [...this.#sleeper]) call();
  }

  stop(): void {
    this.#stopping.abort();
    this.#drop();
  }

  /** What comes after a place, as soon as something does; undefined when nothing has in time, or before the signal. */
  async pageAfter(position: string, waitMs: number, signal: AbortSignal): Promise<TailPage | undefined> {
    const deadlineMs = performance.now() + waitMs;
    while (!signal.aborted) {
      if (this.#last?.from === position) return this.#last.take();
      const seen = this.#position;
      if (position !== seen) {
        const page = await this.#readOwn(position, { upTo: seen, deadlineMs, signal });
        if (page !== undefined && page.to !== position) return page;
        page?.release();
        // The store is away, or the place lies ahead of the last look.
        if (seen !== this.#position) continue;
      }
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return undefined;
      await waitUntilCalled(this.#readers, Math.min(POLL_MS, leftMs), signal);
    }
    return undefined;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isWoken = false;
      this.#drop(); // before it waits for room: those who hold some must not wait for one another
      const page = await this.#read({ after: this.#position, maxBytes: SHARED_PAGE_BYTES }, signal);
      const isMoved = page !== undefined && page.to !== this.#position;
      const hasEvents = isMoved && page.bytes.length > 0;
      if (isMoved && !signal.aborted) this.#move(page);
      else page?.release();
      await waitUntilCalled(new Set(), PAUSE_MS, signal);
      const isMoreLikely = this.#isWoken || hasEvents;
      if (!isMoreLikely) await waitUntilCalled(this.#sleeper, POLL_MS, signal);
    }
  }

  #move(page: TailPage): void {
    this.#last = new SharedPage(page, this.#position);
    this.#position = page.to;
    for (const call of [...this.#readers]) call();
  }

  #drop(): void {
    this.#last?.release();
    this.#last = undefined;
  }

  /** A page for one reader, who has something else to do at the deadline if there is no room until then. */
  async #readOwn(
    after: string,
    { upTo, deadlineMs, signal }: { upTo: string; deadlineMs: number; signal: AbortSignal },
  ): Promise<TailPage | undefined> {
    const waiting = new AbortController();
    const end = () => waiting.abort();
    const timer = setTimeout(end, Math.max(0, deadlineMs - performance.now()));
    signal.addEventListener("abort", end);
    try {
      return await this.#read({ after, upTo, maxBytes: OWN_PAGE_BYTES }, waiting.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  /** A page of the store, undefined where the store is away, which will be back, or before there was room. */
  async #read(
    range: Pick<EventQuery, "upTo" | "maxBytes"> & { after: string },
    signal: AbortSignal,
  ): Promise<TailPage | undefined> {
    const { reader, budget, topic, toText, logger } = this.#options;
    try {
      return await readWithin(budget, signal, async () => {
        const query = { order: "asc" as const, limit: PAGE_EVENTS, ...range, ...(topic !== undefined && { topic }) };
        const page = await reader.listEvents(query);
        return { bytes: Buffer.from(toText(page)), to: page.next ?? range.after };
      });
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, "could not look for new events; trying again");
      return undefined;
    }
  }
}

/** A page for all who stand where it begins, held until the tail and the last of them have let go. */
class SharedPage {
  readonly from: string;
  readonly #page: TailPage;
  #holders = 1;

  constructor(page: TailPage, from: string) {
    this.#page = page;
    this.from = from;
  }

  take(): TailPage {
    this.#holders++;
    const taken: TailPage = {
      ...this.#page,
      release: () => {
        taken.bytes = NO_BYTES;
        this.release();
      },
    };
    return taken;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#page.release();
  }
}

/** Waits to be called, for a bounded time or until the signal. Leaves nothing behind: many waits are in vain. */
function waitUntilCalled(callers: Set<() => void>, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      callers.delete(end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    callers.add(end);
    signal.addEventListener("abort", end);
  });
}
