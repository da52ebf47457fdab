import { countVerdicts, type VerdictCounts } from "@tidemark/domain/verdict";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { cutName, type DeadLetteredEvent, nameDeadLettered } from "./name-dead-lettered.ts";

/** The number of events that the log lines of a batch name. */
export const MAX_SAMPLES = 10;

/** Logs the events of a batch that were not stored: one line for the duplicates, one for the dead letters. */
export function reportRefused(logger: Logger, batch: Delivery[], { frames, dropped }: Applied): void {
  const counts: VerdictCounts = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
  const dead: DeadLetteredEvent[] = [];
  for (const [index, { frame }] of batch.entries()) {
    const applied = frames[index];
    if (!applied?.isNew) continue;
    const { duplicates, conflicts, deadLettered } = countVerdicts(applied.verdicts);
    counts.duplicates += duplicates;
    counts.conflicts += conflicts;
    counts.deadLettered += deadLettered;
    if (deadLettered > 0) dead.push(...nameDeadLettered(frame, applied.verdicts, MAX_SAMPLES - dead.length));
  }
  reportDropped(logger, counts, dropped);
  if (counts.deadLettered > 0)
    logger.error({ dead_lettered: counts.deadLettered, samples: dead }, "events became dead letters");
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
