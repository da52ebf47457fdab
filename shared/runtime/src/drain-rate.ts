// Of work, not of the clock: a rate that was measured before a quiet night still holds in the morning.
const MEMORY_MS = 5_000;

/** How fast something drains while there is something to drain, smoothed over the last five seconds or so of that. */
export class DrainRate {
  #amount = 0;
  #busyMs = 0;

  /** So much drained in so much time, during which there was something to drain all along. */
  drained(amount: number, busyMs: number): void {
    const kept = Math.exp(-busyMs / MEMORY_MS);
    this.#amount = this.#amount * kept + amount;
    this.#busyMs = this.#busyMs * kept + busyMs;
  }

  /** Undefined before the first measurement. */
  get perSecond(): number | undefined {
    return this.#busyMs > 0 ? (this.#amount / this.#busyMs) * 1_000 : undefined;
  }
}
