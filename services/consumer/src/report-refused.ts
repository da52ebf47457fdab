import { CONFLICT, DUPLICATE, type VerdictCounts } from "@tidemark/domain/verdict";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied, AppliedFrame, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { cutName, type DeadLetteredEvent, nameDeadLettered } from "./name-dead-lettered.ts";
import { type NamesOfRequest, nameRequestsWith } from "./name-requests.ts";

/** The number of events that the log lines of a batch name. */
export const MAX_SAMPLES = 10;

const DUPLICATES = new RegExp(`[${DUPLICATE}${CONFLICT}]`);

/** A frame with duplicates, and those of its requests that sent them and are known by name. */
interface NamedFrame {
  frame: string;
  requests?: NamesOfRequest[];
}

/**
 * Logs the events of a batch that were not stored: one line for the duplicates, one for the dead letters.
 *
 * @param counts the verdicts of the batch's new frames
 */
export function reportRefused(
  logger: Logger,
  { batch, applied, counts }: { batch: Delivery[]; applied: Applied; counts: VerdictCounts },
): void {
  const samples: DeadLetteredEvent[] = [];
  const frames: NamedFrame[] = [];
  for (const [index, { frame }] of batch.entries()) {
    const { isNew, verdicts } = applied.frames[index] as AppliedFrame;
    if (!isNew) continue;
    if (frames.length < MAX_SAMPLES && DUPLICATES.test(verdicts)) {
      const requests = nameRequestsWith(frame, verdicts, DUPLICATES);
      frames.push({ frame: frame.id, ...(requests.length > 0 && { requests }) });
    }
    if (counts.deadLettered > 0) samples.push(...nameDeadLettered(frame, verdicts, MAX_SAMPLES - samples.length));
  }
  reportDropped(logger, counts, { dropped: applied.dropped, frames });
  if (counts.deadLettered > 0)
    logger.error({ dead_lettered: counts.deadLettered, samples }, "events became dead letters");
}

function reportDropped(
  logger: Logger,
  { duplicates, conflicts }: VerdictCounts,
  { dropped, frames }: { dropped: DroppedDuplicate[]; frames: NamedFrame[] },
): void {
  if (duplicates === 0) return;
  const samples = dropped.slice(0, MAX_SAMPLES).map(nameDuplicate);
  logger.warn({ duplicates, conflicts, samples, frames }, "dropped duplicates");
  if (!logger.isLevelEnabled("debug")) return;
  for (const duplicate of dropped) logger.debug(nameDuplicate(duplicate), "dropped duplicate");
}

/** Names a duplicate with the field names of the API, so that it can be searched for there. */
function nameDuplicate({ topic, eventId, source, isConflict }: DroppedDuplicate) {
  return { topic: cutName(topic), event_id: cutName(eventId), source: cutName(source), conflict: isConflict };
}
