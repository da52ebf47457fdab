/** Lets those in who wait for room, first come, first served, and never more of them than there is room for. */
export class Room {
  readonly #free: () => number;
  readonly #waiting: (() => void)[] = [];
  /** Let in during this turn of the event loop: they may not have taken their place yet. */
  #arriving = 0;

  /** @param free how much room there is now */
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

  /** Lets in as many as there is room for. */
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
