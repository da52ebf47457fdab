/** The callers that wait for one thing to happen. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /**
   * Resolves when all are called, after `ms`, or with the signal. Leaves nothing behind, because many waits are in
   * vain.
   */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#waiting.add(end);
      signal.addEventListener("abort", end);
    });
  }

  callAll(): void {
    for (const end of [...this.#waiting]) end();
  }
}
