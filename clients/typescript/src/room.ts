/** A first-in, first-out queue of callers that wait for room. It never serves more callers than there is room for. */
export class Room {
  readonly #free: () => number;
  readonly #waiting: (() => void)[] = [];
  /** Callers served in this turn of the event loop, which may not have used their room yet. */
  #arriving = 0;

  /** @param free returns how much room there is now */
  constructor(free: () => number) {
    this.#free = free;
  }

  /** Resolves when there is room for one. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.grant();
    });
  }

  /** Serves as many callers as there is room for. */
  grant(): void {
    while (this.#waiting.length > 0 && this.#free() > this.#arriving) {
      if (this.#arriving++ === 0) setImmediate(() => this.#nextTurn());
      this.#waiting.shift()?.();
    }
  }

  #nextTurn(): void {
    this.#arriving = 0;
    this.grant();
  }
}
