import type { NewerDelivery } from "@tidemark/event-log/event-log";
import type { Logger } from "@tidemark/telemetry/logger";

// During a rolling upgrade the next taker may well be a newer consumer: soon enough for those who wait, and ten thousand
// such frames (the most that are on their way) come by 2,000 times a second.
const RETRY_MS = 5_000;
const SAY_EVERY_MS = 60_000;

/** Leaves frames of a newer format in the log, for a consumer that knows it, and says so once a minute. */
export class NewerFrames {
  readonly #logger: Logger;
  #deliveries = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  leave({ error, origin, retry }: NewerDelivery): void {
    retry(RETRY_MS);
    this.#deliveries++;
    if (performance.now() - this.#saidAtMs < SAY_EVERY_MS) return;
    this.#saidAtMs = performance.now();
    const deliveries = this.#deliveries;
    this.#logger.warn(
      { err: error, origin, deliveries },
      "a frame of a newer format stays in the log: upgrade this consumer",
    );
  }
}
