import type { EventPage, EventQuery, EventReader } from "@tidemark/event-store/event-store";
import type { TopicReach } from "@tidemark/runtime/access/topic-reach";
import type { Chunk } from "@tidemark/runtime/limits/stream-with-backpressure";
import type { Logger } from "@tidemark/telemetry/logger";
import { chunkOf, type ReadBudget, type ReaderOptions } from "../paging/read-budget.ts";
import { Waiters } from "./waiters.ts";

/** The longest time between two polls, because signals of commits may be lost. */
const POLL_MS = 500;
/** The shortest time between two polls. Everything that is committed in between is in one page. */
const PAUSE_MS = 20;
const PAGE_EVENTS = 500;
// If 256 streams stall, pages of this size leave room in the budget for other streams.
const OWN_PAGE_BYTES = 64_000;
// The shared page, of 500 bytes an event, is read at most every 20 ms and must keep up with the stored events.
const SHARED_PAGE_BYTES = 250_000;

/** The events in the form in which they are sent; empty if the range had none. */
export interface PolledPage extends Chunk {
  /** The position behind the page. */
  to: string;
}

/** The stream that a page is for. */
interface StreamReader {
  clientId: string;
  signal: AbortSignal;
}

export interface StreamPollerOptions {
  reader: Pick<EventReader, "listEvents">;
  budget: ReadBudget;
  reach: TopicReach;
  /** The position behind which the poller begins. */
  start: string;
  toText: (page: EventPage) => string;
  logger: Pick<Logger, "warn">;
}

/**
 * Reads the newly stored events of the topics that streams follow, once for all streams that follow them.
 *
 * The poller is in one of these states:
 *
 *     reading ──────────▶ pausing       after 20 ms: reading, if a commit was signalled or the page held events;
 *                                                    sleeping otherwise
 *     sleeping ─────────▶ reading       at the signal of a commit, or after 500 ms
 *     any state ────────▶ stopped       by `stop()`
 *
 * It keeps its position and the page that it read last. A stream keeps its own position, and is in one of these states:
 *
 *     at the start of the last page     gets that page, which all streams at this position share
 *     behind the last page              reads separate pages from the store, up to the poller's position
 *     at the poller's position          waits until the poller moves
 *
 * A slow stream therefore costs only its position, and a stream that starts, lags or reconnects is the same case.
 *
 * Sharing reads among the streams at one position without a poller (`coalesce`) was measured with 256 streams and a
 * commit every 1,000, 50 and 5 ms. It took 14, 2.8 and 1.5 reads a commit, and the poller takes 3.6, 0.8 and 0.7.
 * Streams that read at different moments get pages with different ends, and do not reach the same position again while
 * events arrive.
 */
export class StreamPoller {
  readonly #options: StreamPollerOptions;
  readonly #stopping = new AbortController();
  readonly #streams = new Waiters();
  readonly #sleep = new Waiters();
  readonly #pause = new Waiters();
  #position: string;
  #lastPage: SharedPage | undefined;
  #isWoken = false;

  constructor(options: StreamPollerOptions) {
    this.#options = options;
    this.#position = options.start;
    void this.#run();
  }

  /** Tells the poller that something was committed. */
  wake(): void {
    this.#isWoken = true;
    this.#sleep.callAll();
  }

  stop(): void {
    this.#stopping.abort();
    this.#dropLastPage();
  }

  /**
   * Returns the page behind a position as soon as it has events. Returns undefined after the deadline or the signal.
   */
  async pageAfter(
    position: string,
    waitMs: number,
    { clientId, signal }: StreamReader,
  ): Promise<PolledPage | undefined> {
    const deadlineMs = performance.now() + waitMs;
    while (!signal.aborted) {
      if (this.#lastPage?.from === position) return this.#lastPage.take();
      const seen = this.#position;
      if (position !== seen) {
        const page = await this.#readOwn(position, { upTo: seen, deadlineMs, clientId, signal });
        if (page !== undefined && page.to !== position) return page;
        page?.release();
        // The store is unreachable, or the stream's position lies ahead of the poller's.
        if (seen !== this.#position) continue;
      }
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return undefined;
      await this.#streams.wait(Math.min(POLL_MS, leftMs), signal);
    }
    return undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isWoken = false;
      const hadEvents = await this.#poll(signal);
      await this.#pause.wait(PAUSE_MS, signal);
      if (!this.#isWoken && !hadEvents) await this.#sleep.wait(POLL_MS, signal);
    }
  }

  /** Moves towards the last stored event by at most one page. Returns whether there were events. */
  async #poll(signal: AbortSignal): Promise<boolean> {
    this.#dropLastPage(); // before it waits for room, so that pollers that hold room do not block each other
    const page = await this.#read({ after: this.#position, maxBytes: SHARED_PAGE_BYTES }, { signal });
    if (page === undefined || page.to === this.#position || signal.aborted) {
      page?.release();
      return false;
    }
    this.#lastPage = new SharedPage(page, this.#position);
    this.#position = page.to;
    this.#streams.callAll();
    return page.bytes.length > 0;
  }

  #dropLastPage(): void {
    this.#lastPage?.release();
    this.#lastPage = undefined;
  }

  /** Reads a page for one stream, which stops waiting for room at its deadline. */
  async #readOwn(
    after: string,
    { upTo, deadlineMs, clientId, signal }: StreamReader & { upTo: string; deadlineMs: number },
  ): Promise<PolledPage | undefined> {
    const waiting = new AbortController();
    const end = () => waiting.abort();
    const timer = setTimeout(end, Math.max(0, deadlineMs - performance.now()));
    signal.addEventListener("abort", end);
    try {
      return await this.#read({ after, upTo, maxBytes: OWN_PAGE_BYTES }, { clientId, signal: waiting.signal });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  /**
   * Reads a page of the store. Returns undefined if the store is unreachable, or if the signal came before there was
   * room.
   */
  async #read(
    range: Pick<EventQuery, "upTo" | "maxBytes"> & { after: string },
    options: ReaderOptions & { signal: AbortSignal },
  ): Promise<PolledPage | undefined> {
    const { reader, budget, reach, toText, logger } = this.#options;
    try {
      return await budget.read(async () => {
        const page = await reader.listEvents({ order: "asc", limit: PAGE_EVENTS, ...reach, ...range });
        return { bytes: Buffer.from(toText(page)), to: page.next ?? range.after };
      }, options);
    } catch (error) {
      if (!options.signal.aborted) logger.warn({ err: error }, "could not read new events; trying again");
      return undefined;
    }
  }
}

/** A page for all streams at its start. Its room is given back once the poller and the last stream have released it. */
class SharedPage {
  readonly from: string;
  readonly #page: PolledPage;
  #holders = 1;

  constructor(page: PolledPage, from: string) {
    this.#page = page;
    this.from = from;
  }

  take(): PolledPage {
    this.#holders++;
    return chunkOf(this.#page, () => this.release());
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#page.release();
  }
}
