import type { EventPage, EventReader } from "@tidemark/shared/event-store/event-store";
import type { Logger } from "@tidemark/shared/log";

/** How often it looks where nobody tells of a commit: signals may be lost. */
const POLL_MS = 500;
/** Between two looks: whatever is committed meanwhile comes with one page. */
const PAUSE_MS = 20;
const PAGE_EVENTS = 500;

export interface TailPage {
  /** The events as they are sent; empty where none came. */
  text: string;
  /** The position behind them. */
  to: string;
}

export interface EventTailOptions {
  reader: Pick<EventReader, "listEvents">;
  topic: string | undefined;
  /** Where it begins. */
  start: string;
  toText: (page: EventPage) => string;
  log: Pick<Logger, "warn">;
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
  #last: (TailPage & { from: string }) | undefined;
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
  }

  /** What comes after a place, as soon as something does; undefined when nothing has in time, or before the signal. */
  async pageAfter(position: string, waitMs: number, signal: AbortSignal): Promise<TailPage | undefined> {
    const deadlineMs = performance.now() + waitMs;
    while (!signal.aborted) {
      if (this.#last?.from === position) return this.#last;
      const seen = this.#position;
      if (position !== seen) {
        const page = await this.#read(position, seen);
        if (page !== undefined && page.to !== position) return page;
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
      const page = await this.#read(this.#position);
      if (page !== undefined && page.to !== this.#position) this.#move(page);
      await waitUntilCalled(new Set(), PAUSE_MS, signal);
      const isMoreLikely = this.#isWoken || Boolean(page?.text);
      if (!isMoreLikely) await waitUntilCalled(this.#sleeper, POLL_MS, signal);
    }
  }

  #move(page: TailPage): void {
    this.#last = { ...page, from: this.#position };
    this.#position = page.to;
    for (const call of [...this.#readers]) call();
  }

  /** A page of the store, undefined where the store is away: it will be back. */
  async #read(after: string, upTo?: string): Promise<TailPage | undefined> {
    const { reader, topic, toText, log } = this.#options;
    try {
      const page = await reader.listEvents({
        order: "asc",
        limit: PAGE_EVENTS,
        after,
        ...(upTo !== undefined && { upTo }),
        ...(topic !== undefined && { topic }),
      });
      return { text: toText(page), to: page.next ?? after };
    } catch (error) {
      if (!this.#stopping.signal.aborted) log.warn({ err: error }, "could not look for new events; trying again");
      return undefined;
    }
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
