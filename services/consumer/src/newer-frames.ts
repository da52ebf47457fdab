import type { NewerDelivery } from "@tidemark/event-log/event-log";
import type { Logger } from "@tidemark/telemetry/logger";

// During a rolling upgrade the next taker may be a newer consumer, so the wait is short. At most ten thousand such
// frames are in flight, and they then come back at 2,000 a second.
const RETRY_MS = 5_000;
const REPORT_EVERY_MS = 60_000;

/** Gives frames of a newer format back to the log, for a consumer that can read them, and logs that once a minute. */
export class NewerFrames {
  readonly #logger: Logger;
  #deliveries = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  leave({ error, origin, retry }: NewerDelivery): void {
    retry(RETRY_MS);
    this.#deliveries++;
    if (performance.now() - this.#reportedAtMs < REPORT_EVERY_MS) return;
    this.#reportedAtMs = performance.now();
    const deliveries = this.#deliveries;
    this.#logger.warn(
      { err: error, origin, deliveries },
      "a frame of a newer format stays in the log: upgrade this consumer",
    );
  }
}
