import { setImmediate } from "node:timers/promises";

// Node takes on one new connection in each turn of the event loop. With one turn for a body, a new client would wait until
// as many bodies are validated as connections were made before its own.
const TURNS_BETWEEN = 5;

/**
 * Turns of the event loop. Of many large bodies that arrive at once each waits for its own, so that small requests are
 * served between them: validating one of 10,000 events takes some 20 ms. A turn without work takes some microseconds.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn of the event loop that no other body has, some turns after that of the body before. */
  next(): Promise<void> {
    this.#last = this.#last.then(passTurns);
    return this.#last;
  }
}

async function passTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS_BETWEEN; turn++) await setImmediate();
}
