const BYTES_PER_MB = 1_000_000;

/**
 * Divides the time limit of a transaction among the trials of a search, so that a few slow events do not delay their
 * batch for much longer than that limit. With a limit of 60 s, a trial gets 5 s at first and less later, but at least 1
 * s plus 2 s for each MB. A database stores a large event in a small part of that time.
 */
export class TimeBudget {
  readonly #totalMs: number;
  readonly #startedAtMs = performance.now();

  constructor(totalMs: number) {
    this.#totalMs = totalMs;
  }

  /** Returns the time limit of a trial of these events. */
  limitFor(contents: string[]): number {
    const remainingMs = this.#totalMs - (performance.now() - this.#startedAtMs);
    const bytes = contents.reduce((sum, { length }) => sum + length, 0);
    const baseMs = Math.min(Math.max(remainingMs / 10, this.#totalMs / 60), this.#totalMs / 12);
    return Math.ceil(baseMs + (bytes / BYTES_PER_MB) * (this.#totalMs / 30));
  }
}
