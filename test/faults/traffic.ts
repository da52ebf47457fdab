import { createRandom, pickBelow, type Random } from "../../services/publisher/src/random.ts";

const COPY_ODDS = 0.28;
const BAD_ODDS = 0.02;
const MAX_BATCH = 24;
/** Most copies are retries of something recent. */
const RECENT = 500;

/** A request before it is sent: its events by number, without the probes of its attempts. */
export interface TrafficRequest {
  numbers: number[];
  isBad: boolean;
  /** How many attempts it gets at most; few requests are given up early, so that unknown outcomes stay. */
  maxAttempts: number;
}

/** Draws requests in which about a quarter of the events are copies: of the same batch, of recent events, of any. */
export class Traffic {
  readonly #random: Random;
  /** Events that other requests may repeat. */
  readonly #repeatable: number[] = [];
  #next = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed ^ 0x7ea5e1);
  }

  nextRequest(): TrafficRequest {
    const random = this.#random;
    const size = random() < 0.2 ? 0 : pickBelow(random, MAX_BATCH);
    const numbers = Array.from({ length: size }, () => (random() < COPY_ODDS ? this.#pickCopy() : this.#pickFresh()));
    return { numbers, isBad: random() < BAD_ODDS, maxAttempts: random() < 0.3 ? 1 : 8 };
  }

  /** An event that is never repeated. */
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
