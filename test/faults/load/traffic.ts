import { createRandom, pickBelow, type Random } from "../../../tools/seeded-random.ts";

const EMPTY_ODDS = 0.2;
const COPY_ODDS = 0.28;
const BAD_ODDS = 0.02;
const ALTERED_ODDS = 0.1;
/** Most duplicates are retries of recent events. */
const RECENT = 500;

/** A planned request: its events by number, without the probes of its attempts. */
export interface TrafficRequest {
  numbers: number[];
  /** Stored events that are sent once more with different content. */
  altered: number[];
  /** Events for which the database takes too long. */
  slow: number[];
  isBad: boolean;
  /** The maximum number of attempts. Some requests are given up early, so that unknown outcomes remain. */
  maxAttempts: number;
}

/** Draws requests in which about a quarter of the events are duplicates: of the same batch, of recent or of any events. */
export class Traffic {
  readonly #random: Random;
  /** The events that later requests may repeat. */
  readonly #repeatable: number[] = [];
  #next = 0;

  /** The maximum number of events in a request, without its probe and its altered duplicate. */
  readonly #maxBatch: number;

  constructor({ seed, maxBatch }: { seed: number; maxBatch: number }) {
    this.#random = createRandom(seed ^ 0x7ea5e1);
    this.#maxBatch = maxBatch;
  }

  /** @param settled stored events, one of which may be sent again with other content */
  nextRequest(settled: readonly number[]): TrafficRequest {
    const random = this.#random;
    const size = random() < EMPTY_ODDS ? 0 : pickBelow(random, this.#maxBatch);
    const numbers = Array.from({ length: size }, () => (random() < COPY_ODDS ? this.#pickCopy() : this.#pickFresh()));
    const at = random() < ALTERED_ODDS ? pickBelow(random, Math.max(1, settled.length)) : Infinity;
    const altered = settled.slice(at, at + 1);
    return { numbers, altered, slow: [], isBad: random() < BAD_ODDS, maxAttempts: random() < 0.3 ? 1 : 8 };
  }

  /** The average number of events in a request, the probe included. */
  get meanEvents(): number {
    return 1 + ALTERED_ODDS + ((1 - EMPTY_ODDS) * (this.#maxBatch - 1)) / 2;
  }

  /** Returns an event that only one attempt carries. */
  nextProbe(): number {
    return this.#next++;
  }

  #pickFresh(): number {
    const number = this.#next++;
    this.#repeatable.push(number);
    return number;
  }

  #pickCopy(): number {
    const count = this.#repeatable.length;
    if (count === 0) return this.#pickFresh();
    const back =
      this.#random() < 0.7 ? pickBelow(this.#random, Math.min(count, RECENT)) : pickBelow(this.#random, count);
    return this.#repeatable[count - 1 - back] as number;
  }
}
