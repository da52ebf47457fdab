import { CONFLICT, DUPLICATE, type VerdictCounts } from "@tidemark/domain/verdict";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { type DroppedOfBatch, type DuplicateReports, MAX_SAMPLES } from "./duplicate-reports.ts";
import { type DeadLetteredEvent, nameDeadLettered } from "./name-dead-lettered.ts";
import { nameRequestsWith } from "./name-requests.ts";

const DUPLICATES = new RegExp(`[${DUPLICATE}${CONFLICT}]`);

export interface AppliedBatch {
  batch: Delivery[];
  applied: Applied;
  /** The verdicts of the batch's new frames. */
  counts: VerdictCounts;
}

/** Logs the events of a batch that were not stored: the dead letters in one line, the duplicates in the line of a second. */
export function reportRefused(
  { logger, duplicateReports }: { logger: Logger; duplicateReports: DuplicateReports },
  { batch, applied, counts }: AppliedBatch,
): void {
  const samples: DeadLetteredEvent[] = [];
  const frames: DroppedOfBatch["frames"] = [];
  for (const [index, { frame }] of batch.entries()) {
    const { isNew, verdicts } = applied.frames[index] as AppliedFrame;
    if (!isNew) continue;
    if (frames.length < MAX_SAMPLES && DUPLICATES.test(verdicts)) {
      const requests = nameRequestsWith(frame, verdicts, DUPLICATES);
      frames.push({ frame: frame.id, ...(requests.length > 0 && { requests }) });
    }
    if (counts.deadLettered > 0) samples.push(...nameDeadLettered(frame, verdicts, MAX_SAMPLES - samples.length));
  }
  const { duplicates, conflicts, deadLettered } = counts;
  duplicateReports.add({ duplicates, conflicts, dropped: applied.dropped, frames });
  if (deadLettered > 0) logger.error({ dead_lettered: deadLettered, samples }, "events became dead letters");
}
