import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pRetry from "p-retry";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { HeartbeatSender } from "./heartbeat-sender.ts";

export interface RetryContext {
  heartbeats: HeartbeatSender;
  metrics: Pick<ConsumerMetrics, "storeFailed">;
  /** Aborted when the consumer begins to stop. A store that is down is then not tried again. */
  stopping: AbortSignal;
  /** Aborted when the consumer no longer waits for the store. */
  givingUp: AbortController;
  logger: Logger;
}

/**
 * Changes the store, retrying indefinitely while it is unreachable.
 *
 * @returns undefined when the consumer gave up, although the store may still have made the change
 */
export async function retryWhileDown<Outcome>(
  { heartbeats, metrics, stopping, givingUp, logger }: RetryContext,
  change: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  let failedAttempts = 0;
  try {
    const outcome = await pRetry(change, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 100,
      maxTimeout: 5_000,
      randomize: true,
      signal: givingUp.signal,
      shouldRetry: ({ error }) => error instanceof Unavailable && !stopping.aborted,
      onFailedAttempt({ error }) {
        if (!(error instanceof Unavailable)) return;
        if (failedAttempts === 0) logger.warn({ err: error }, "store unreachable, retrying");
        failedAttempts++;
        metrics.storeFailed();
        heartbeats.storeIsDown();
      },
    });
    if (failedAttempts > 0) logger.info({ failedAttempts }, "store reachable again");
    return outcome;
  } catch (error) {
    if (givingUp.signal.aborted) return undefined;
    if (!(error instanceof Unavailable)) throw error;
    givingUp.abort(); // nothing else is tried on a store that is down
    return undefined;
  }
}
