import { errorsOf, outcomesOf, type Verdict } from "./batch-outcome.ts";
import type { IdentifiedEvent, NewEvent } from "./contract.ts";
import { identify } from "./event-text.ts";
import { PublishError } from "./publish-error.ts";
import { LONGEST_TIMER_MS } from "./retry.ts";
import { Room } from "./room.ts";
import type { TidemarkClient } from "./tidemark-client.ts";

export interface BatcherOptions {
  /** The maximum number of events in a request. Default 1,000; the service accepts 10,000 (`MAX_BATCH_EVENTS`). */
  maxEvents?: number;
  /** The maximum number of bytes in a request. Default 1,000,000; the service accepts 8,000,000 (`MAX_BODY_BYTES`). */
  maxBytes?: number;
  /** The time in milliseconds that an event waits for others, unless a request is full. Default 20. */
  lingerMs?: number;
  /** The maximum number of events that were added and have no outcome yet. Default 10,000. */
  maxPending?: number;
  /** Aborts the request in flight and sends no more. All pending events are rejected. */
  signal?: AbortSignal | undefined;
}

interface Entry {
  event: IdentifiedEvent;
  text: string;
  /** The bytes of its text and of the comma or bracket after it. */
  bytes: number;
  resolve: (verdict: Verdict) => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers events into requests, one in flight at a time, in the order in which they were added. Every event has its own
 * outcome: an invalid event does not affect the others. The queue is in one of these states:
 *
 * - empty: to `lingering` by `add`
 * - lingering: when a request is full and none is in flight, it is sent; to `due` when the linger time is over, or by
 *   `flush` and `close`; to `empty` when no event is left
 * - due: requests are sent, one after the other, until no event is left; then to `empty`
 *
 * A closed batcher accepts no more events. It still sends those that it has.
 */
export class Batcher {
  readonly #client: Pick<TidemarkClient, "publishText">;
  readonly #limits: Required<Omit<BatcherOptions, "signal">>;
  readonly #signal: AbortSignal | undefined;
  readonly #room: Room;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #added = 0;
  #settled = 0;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the queued events are sent without waiting for others. */
  #isDue = false;
  #isClosed = false;

  /** @throws {RangeError} if a limit is below 1 */
  constructor(client: Pick<TidemarkClient, "publishText">, { signal, ...limits }: BatcherOptions = {}) {
    this.#client = client;
    this.#signal = signal;
    this.#limits = { maxEvents: 1_000, maxBytes: 1_000_000, lingerMs: 20, maxPending: 10_000, ...limits };
    const { maxEvents, maxBytes, maxPending } = this.#limits;
    if (!(maxEvents >= 1 && maxBytes >= 1 && maxPending >= 1)) throw new RangeError("limits must be at least 1");
    this.#room = new Room(() => maxPending - this.pending);
  }

  /** The number of events that were added and have no outcome yet. */
  get pending(): number {
    return this.#added - this.#settled;
  }

  /**
   * Adds an event; resolves to its verdict. The event is serialised at once, so changing the object later has no effect.
   * If `maxPending` events are pending, the event is rejected, so wait for `room` first.
   *
   * @throws {PublishError} with the event, as a rejection
   */
  add(event: NewEvent): Promise<Verdict> {
    const identified = identify(event);
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    try {
      const text = this.#write(identified);
      this.#enqueue({ event: identified, text, bytes: Buffer.byteLength(text) + 1, resolve, reject });
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /**
   * Back pressure: resolves when there is room for one more event. Callers are served in order. A caller that adds its event
   * in the same turn of the event loop, as after `await`, still finds the room.
   */
  room(): Promise<void> {
    return this.#room.wait();
  }

  /** Sends queued events without waiting for more; resolves when all events that were added before have their outcome. */
  async flush(): Promise<void> {
    const target = this.#added;
    while (this.#settled < target) {
      this.#isDue = this.#queue.length > 0; // events that are added during the last request may still wait for others
      this.#sendIfDue();
      await this.#sending;
    }
  }

  /** Accepts no more events, and flushes. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.flush();
  }

  #write(event: IdentifiedEvent): string {
    const refuse = (code: string, reason: string, cause?: unknown) =>
      new PublishError({ outcome: "not taken", code, reason, events: [event], cause });
    if (this.#isClosed) throw refuse("batcher_closed", "the batcher is closed");
    const { maxPending } = this.#limits;
    if (this.pending >= maxPending) throw refuse("batcher_full", `${maxPending} events are pending already`);
    try {
      return JSON.stringify(event);
    } catch (error) {
      throw refuse("unwritable_event", `it cannot be written as JSON: ${error}`, error);
    }
  }

  #enqueue(entry: Entry): void {
    const { maxBytes } = this.#limits;
    if (entry.bytes + 1 > maxBytes) {
      const reason = `its ${entry.bytes - 1} bytes do not fit into a request of ${maxBytes}`;
      throw new PublishError({ outcome: "not taken", code: "body_too_large", reason, events: [entry.event] });
    }
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes;
    this.#added++;
    this.#sendIfDue();
  }

  #sendIfDue(): void {
    if (this.#queue.length === 0) return;
    if (!this.#isDue && !this.#isFull()) {
      const lingerMs = Math.min(this.#limits.lingerMs, LONGEST_TIMER_MS);
      this.#timer ??= setTimeout(() => {
        this.#isDue = true;
        this.#sendIfDue();
      }, lingerMs);
      return;
    }
    if (this.#sending !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#take();
    this.#isDue &&= this.#queue.length > 0;
    this.#sending = this.#publish(batch).finally(() => {
      this.#sending = undefined;
      this.#sendIfDue();
    });
  }

  #isFull(): boolean {
    const { maxEvents, maxBytes, maxPending } = this.#limits;
    return this.#queue.length >= maxEvents || this.#queuedBytes + 1 >= maxBytes || this.pending >= maxPending;
  }

  /** Takes as many events from the front of the queue as one request holds. */
  #take(): Entry[] {
    const { maxEvents, maxBytes } = this.#limits;
    let count = 0;
    let bytes = 1;
    for (const entry of this.#queue) {
      bytes += entry.bytes;
      if (count === maxEvents || bytes > maxBytes) break;
      count++;
    }
    const batch = this.#queue.splice(0, count);
    for (const entry of batch) this.#queuedBytes -= entry.bytes;
    return batch;
  }

  /** @param doubts earlier attempts that may have stored the events */
  async #publish(batch: Entry[], doubts = 0): Promise<void> {
    const events = batch.map(({ event }) => event);
    const options = { lenient: true, results: true, signal: this.#signal };
    try {
      const body = `[${batch.map(({ text }) => text).join(",")}]`;
      const publication = await this.#client.publishText(body, options);
      this.#settle(batch, outcomesOf(publication, events, doubts));
    } catch (error) {
      if (!(error instanceof PublishError)) return this.#settle(batch, Array(batch.length).fill(error));
      const errors = errorsOf(error, events, doubts);
      if (errors !== undefined) return this.#settle(batch, errors);
      const middle = batch.length >> 1;
      await this.#publish(batch.slice(0, middle), doubts + error.doubtfulAttempts);
      await this.#publish(batch.slice(middle), doubts + error.doubtfulAttempts);
    }
  }

  #settle(batch: Entry[], outcomes: unknown[]): void {
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome as Verdict);
    }
    this.#settled += batch.length;
    this.#room.grant();
  }
}
