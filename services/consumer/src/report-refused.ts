import type { VerdictCounts } from "@tidemark/domain/verdict";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied, AppliedFrame, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { cutName, type DeadLetteredEvent, nameDeadLettered } from "./name-dead-lettered.ts";

/** The number of events that the log lines of a batch name. */
export const MAX_SAMPLES = 10;

/**
 * Logs the events of a batch that were not stored: one line for the duplicates, one for the dead letters.
 *
 * @param counts the verdicts of the batch's new frames
 */
export function reportRefused(
  logger: Logger,
  { batch, applied, counts }: { batch: Delivery[]; applied: Applied; counts: VerdictCounts },
): void {
  reportDropped(logger, counts, applied.dropped);
  if (counts.deadLettered === 0) return;
  const samples: DeadLetteredEvent[] = [];
  for (const [index, { frame }] of batch.entries()) {
    const { isNew, verdicts } = applied.frames[index] as AppliedFrame;
    if (isNew) samples.push(...nameDeadLettered(frame, verdicts, MAX_SAMPLES - samples.length));
  }
  logger.error({ dead_lettered: counts.deadLettered, samples }, "events became dead letters");
}

function reportDropped(logger: Logger, { duplicates, conflicts }: VerdictCounts, dropped: DroppedDuplicate[]): void {
  if (duplicates === 0) return;
  const samples = dropped.slice(0, MAX_SAMPLES).map(nameDuplicate);
  logger.warn({ duplicates, conflicts, samples }, "dropped duplicates");
  if (!logger.isLevelEnabled("debug")) return;
  for (const duplicate of dropped) logger.debug(nameDuplicate(duplicate), "dropped duplicate");
}

/** Names a duplicate with the field names of the API, so that it can be searched for there. */
function nameDuplicate({ topic, eventId, source, isConflict }: DroppedDuplicate) {
  return { topic: cutName(topic), event_id: cutName(eventId), source: cutName(source), conflict: isConflict };
}
