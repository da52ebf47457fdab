import { countVerdicts, type VerdictCounts } from "@tidemark/domain/verdict";
import type { DamagedDelivery, Delivery } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import type { Applied, AppliedFrame, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { cutName, type DeadEvent, findDeadEvents } from "./dead-events.ts";

/** How much of a batch its log lines name. */
export const MAX_SAMPLES = 10;

interface Settling {
  signals: Signals;
  logger: Logger;
}

/**
 * Acknowledges frames that the store has committed, sends their verdicts back, and says what was not stored.
 *
 * @returns when the new ones among them were received
 */
export function settleApplied({ signals, logger }: Settling, batch: Delivery[], applied: Applied): number[] {
  const counts: VerdictCounts = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
  const dead: DeadEvent[] = [];
  const receivedAtMs: number[] = [];
  for (const [index, { frame, ack }] of batch.entries()) {
    const { isNew, verdicts } = settleFrame({ signals, frameId: frame.id, ...frame, ack }, applied.frames[index]);
    if (!isNew) continue;
    const { duplicates, conflicts, deadLettered } = countVerdicts(verdicts);
    counts.duplicates += duplicates;
    counts.conflicts += conflicts;
    counts.deadLettered += deadLettered;
    if (deadLettered > 0) dead.push(...findDeadEvents(frame, verdicts, MAX_SAMPLES - dead.length));
    receivedAtMs.push(frame.receivedAtMs);
  }
  if (receivedAtMs.length > 0) signals.sendCommit();
  logDropped(logger, counts, applied.dropped);
  logDead(logger, counts, dead);
  return receivedAtMs;
}

/** The same for a damaged frame that was buried. */
export function settleBuried({ signals, logger }: Settling, delivery: DamagedDelivery, applied: Applied): void {
  const { damaged, origin, replyTo, ack } = delivery;
  const { frameId, events, reason } = damaged;
  const { isNew } = settleFrame({ signals, frameId, replyTo, ack }, applied.frames[0]);
  const fields = { frame: frameId, origin, events, reason };
  if (isNew) logger.error(fields, "a damaged frame became a dead letter");
  else logger.warn(fields, "a damaged frame came again that the books know");
}

interface Settled {
  signals: Signals;
  frameId: string;
  replyTo?: string | undefined;
  ack(): void;
}

function settleFrame({ signals, frameId, replyTo, ack }: Settled, applied: AppliedFrame | undefined): AppliedFrame {
  if (applied?.frameId !== frameId) throw new Error("the store answered for another frame than it was given");
  ack();
  if (replyTo !== undefined) signals.sendVerdicts(replyTo, applied);
  return applied;
}

function logDropped(logger: Logger, { duplicates, conflicts }: VerdictCounts, dropped: DroppedDuplicate[]): void {
  if (duplicates === 0) return;
  logger.warn({ duplicates, conflicts, samples: dropped.slice(0, MAX_SAMPLES).map(nameCopy) }, "dropped duplicates");
  if (logger.isLevelEnabled("debug")) for (const copy of dropped) logger.debug(nameCopy(copy), "dropped duplicate");
}

function logDead(logger: Logger, { deadLettered }: VerdictCounts, samples: DeadEvent[]): void {
  if (deadLettered > 0) logger.error({ dead_lettered: deadLettered, samples }, "events became dead letters");
}

/** In the words of the API, so that what the log names can be searched for there. */
function nameCopy({ topic, eventId, source, isConflict }: DroppedDuplicate) {
  return { topic: cutName(topic), event_id: cutName(eventId), source: cutName(source), conflict: isConflict };
}
