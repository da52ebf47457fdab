import { setImmediate } from "node:timers/promises";

// Node accepts one new connection in each turn of the event loop. If each body took only one turn, a new client would
// wait for one body for each connection before its own.
const TURNS_BETWEEN = 5;

/**
 * Spreads the validation of large bodies over turns of the event loop, so that small requests are served between them.
 * Validating a body of 10,000 events takes some 20 ms. A turn without work takes some microseconds.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn of the event loop that no other body uses, some turns after that of the previous body. */
  next(): Promise<void> {
    this.#last = this.#last.then(passTurns);
    return this.#last;
  }
}

async function passTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS_BETWEEN; turn++) await setImmediate();
}
