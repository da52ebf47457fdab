import type { TakeLimits } from "./event-log.ts";

interface Weighed {
  events: number;
  bytes: number;
}

/**
 * A queue of entries, first in first out, and the takes that wait for them.
 *
 *     open ──close──▶ closed
 *
 * - `open`: a take waits until the queue holds its `min`, then removes entries. After each change, the waiting takes
 *   check the queue again, in the order in which they began to wait.
 * - `closed`: every take returns nothing at once. Entries may still be added, and `clear` removes them.
 */
export class WaitingLine<Entry extends Weighed> {
  readonly #entries: Entry[] = [];
  #events = 0;
  #bytes = 0;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#added(entry);
  }

  /** Adds an entry that is taken next. */
  unshift(entry: Entry): void {
    this.#entries.unshift(entry);
    this.#added(entry);
  }

  /** Waits for `min`, then removes the first entries that fit the limits, at least one. Returns none once closed. */
  async take({ maxEvents, maxBytes, min = { events: 0, bytes: 0 } }: TakeLimits): Promise<Entry[]> {
    while (!this.#isClosed && !this.#holds(min)) await this.#changed.promise;
    if (this.#isClosed) return [];
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      events += entry.events;
      bytes += entry.bytes;
      if (count > 0 && (events > maxEvents || bytes > maxBytes)) break;
      count++;
    }
    return this.#remove(count);
  }

  /** Ends every waiting take. */
  close(): void {
    this.#isClosed = true;
    this.#changed.resolve();
  }

  /** Removes all entries, in either state. */
  clear(): Entry[] {
    return this.#remove(this.#entries.length);
  }

  #holds({ events, bytes }: { events: number; bytes: number }): boolean {
    return this.#entries.length > 0 && (this.#events >= events || this.#bytes >= bytes);
  }

  #added({ events, bytes }: Weighed): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #remove(count: number): Entry[] {
    const removed = this.#entries.splice(0, count);
    for (const { events, bytes } of removed) {
      this.#events -= events;
      this.#bytes -= bytes;
    }
    return removed;
  }
}
