import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pRetry from "p-retry";

/**
 * Opens a store. Retries indefinitely while the store is unreachable, full or still starting.
 *
 * @throws {Error} when waiting cannot help: a wrong password, a file without write permission
 */
export function openWhenUp<Store>(open: () => Promise<Store>, logger: Logger): Promise<Store> {
  return pRetry(open, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 250,
    maxTimeout: 5_000,
    shouldRetry: ({ error }) => error instanceof Unavailable,
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber === 1 && error instanceof Unavailable)
        logger.warn({ err: error }, "store unreachable, retrying");
    },
  });
}

/** Pings a store that may still be opening. @throws {Unavailable} `store_unreachable` at once while it is not open */
export async function pingOnceOpen(opening: Promise<{ ping(): Promise<void> }>): Promise<void> {
  const store = await Promise.race([opening, undefined]);
  if (store === undefined) throw new Unavailable({ code: "store_unreachable", detail: "not connected yet" });
  await store.ping();
}
