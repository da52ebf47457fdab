import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pRetry from "p-retry";

/**
 * Opens a store, and waits for one that is away, full or still starting, however long that takes.
 *
 * @throws {Error} what waiting does not mend: a wrong password, a file that may not be written
 */
export function openWhenUp<Store>(open: () => Promise<Store>, log: Logger): Promise<Store> {
  return pRetry(open, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 250,
    maxTimeout: 5_000,
    shouldRetry: ({ error }) => error instanceof Unavailable,
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber === 1) log.warn({ err: error }, "waiting for the store");
    },
  });
}
