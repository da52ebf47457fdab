import { countVerdicts } from "@tidemark/domain/verdict";
import type { DamagedDelivery } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import type { DeadLetterStore } from "@tidemark/event-store/dead-letters";
import { acknowledgeApplied } from "./acknowledge-applied.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import { type RetryContext, retryWhileDown } from "./retry-while-down.ts";

export interface DeadLetterContext extends RetryContext {
  store: Pick<DeadLetterStore, "deadLetterFrame">;
  signals: Signals;
  metrics: ConsumerMetrics;
}

/** Makes each damaged frame a dead letter, then acknowledges it. Stops early when the consumer gives up. */
export async function deadLetterFrames(context: DeadLetterContext, deliveries: DamagedDelivery[]): Promise<void> {
  const { store, signals, heartbeats, metrics, logger } = context;
  for (const { damaged, origin, replyTo, ack } of deliveries) {
    const applied = await retryWhileDown(context, () => store.deadLetterFrame({ ...damaged, origin }));
    if (applied === undefined) return;

    const { frameId, events, reason } = damaged;
    const { isNew, verdicts } = acknowledgeApplied({ signals, frameId, replyTo, ack }, applied.frames[0]);
    heartbeats.committed([]);
    const counts = countVerdicts(isNew ? verdicts : "");
    metrics.committed({ counts, receivedAtMs: [], repeatedFrames: isNew ? 0 : 1 });
    const fields = { frame: frameId, origin, events, reason };
    if (isNew) logger.error(fields, "a damaged frame became a dead letter");
    else logger.warn(fields, "a damaged frame was delivered again, and the ledger recognised it");
  }
}
