import { setTimeout as sleep } from "node:timers/promises";

/** Waits longer after each failure, up to a limit, with jitter so that replicas do not come back in step. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  attempts = 0;

  constructor({ firstMs, maxMs }: { firstMs: number; maxMs: number }) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Resolves after the delay, or at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const delayMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.attempts, 30));
    this.attempts++;
    await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
