import type { Verdicts } from "@tidemark/domain/verdict";
import type { VerdictMessage } from "@tidemark/event-log/signals";

/** A frame on its way whose verdicts somebody waits for. */
export interface VerdictSlot {
  /**
   * The frame's verdicts, or undefined when they are not in within the time. They may come before the log has confirmed
   * the frame.
   */
  wait(timeoutMs: number): Promise<Verdicts | undefined>;
  /** Nobody waits any more: forgets the frame. */
  close(): void;
}

/** Brings the verdicts that come back together with the requests that wait for them. Holds frames at work, no others. */
export class VerdictDesk {
  readonly #slots = new Map<string, (verdicts: Verdicts) => void>();
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  open(frameId: string): VerdictSlot {
    let known: Verdicts | undefined;
    const waiting = new Set<(verdicts?: Verdicts) => void>();
    this.#slots.set(frameId, (verdicts) => {
      known = verdicts;
      for (const settle of waiting) settle(verdicts);
    });
    return {
      wait: (timeoutMs) => {
        if (known !== undefined || timeoutMs <= 0 || this.#isOver) return Promise.resolve(known);
        return new Promise((resolve) => {
          const settle = (verdicts?: Verdicts) => {
            clearTimeout(timer);
            waiting.delete(settle);
            this.#waiting.delete(settle);
            resolve(verdicts);
          };
          const timer = setTimeout(settle, timeoutMs);
          waiting.add(settle);
          this.#waiting.add(settle);
        });
      },
      close: () => this.#slots.delete(frameId),
    };
  }

  /** Verdicts of a frame nobody waits for are dropped: the ledger keeps them. */
  settle({ frameId, verdicts }: VerdictMessage): void {
    this.#slots.get(frameId)?.(verdicts);
  }

  /** Whoever still waits after this time waits no longer. */
  stopWaiting(afterMs: number): void {
    const timer = setTimeout(() => {
      this.#isOver = true;
      for (const settle of this.#waiting) settle();
    }, afterMs);
    timer.unref();
  }
}
