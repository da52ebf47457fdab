import type { Verdicts } from "@tidemark/domain/verdict";
import type { VerdictMessage } from "@tidemark/event-log/signals";

/** Passes the verdicts of frames to the requests that wait for them. It holds only frames that a request waits for. */
export class PendingVerdicts {
  /** By the frame's id. */
  readonly #frames = new Map<string, PromiseWithResolvers<Verdicts | undefined>>();
  #isStopped = false;

  /**
   * Returns the verdicts of a frame that is about to be appended, because they may arrive before the log's
   * confirmation. Resolves to undefined when the process stops and no request may wait any longer.
   */
  expect(frameId: string): Promise<Verdicts | undefined> {
    const verdicts = Promise.withResolvers<Verdicts | undefined>();
    if (this.#isStopped) verdicts.resolve(undefined);
    this.#frames.set(frameId, verdicts);
    return verdicts.promise;
  }

  /** Ignores the verdicts of a frame that no request waits for, because the ledger keeps them. */
  settle({ frameId, verdicts }: VerdictMessage): void {
    this.#frames.get(frameId)?.resolve(verdicts);
  }

  forget(frameId: string): void {
    this.#frames.delete(frameId);
  }

  /** Ends the waits of all requests after this time. */
  stopWaiting(afterMs: number): void {
    const timer = setTimeout(() => {
      this.#isStopped = true;
      for (const verdicts of this.#frames.values()) verdicts.resolve(undefined);
    }, afterMs);
    timer.unref();
  }
}

/**
 * Resolves to undefined when the verdicts do not arrive in time. With a time of 0, it returns verdicts that have
 * already arrived.
 */
export async function waitForVerdicts(
  verdicts: Promise<Verdicts | undefined>,
  timeoutMs: number,
): Promise<Verdicts | undefined> {
  if (timeoutMs <= 0) return Promise.race([verdicts, undefined]);
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([verdicts, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
