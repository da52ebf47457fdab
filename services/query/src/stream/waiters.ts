/** The callers that wait for the same condition. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /**
   * Resolves when all waiters are called, after `ms`, or with the signal. It then removes its timer and its listener,
   * because most waits end without a call.
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
