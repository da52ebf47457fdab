import { COMPARED_FIELDS, type ConflictFields } from "@tidemark/domain/verdict";
import { DEFAULT_MAX_CONFLICTS_KEPT } from "@tidemark/event-store/erasure";
import type { Logger } from "@tidemark/telemetry/logger";
import type { Session } from "../connection/session.ts";
import { raisePositionBase } from "../schema/position-base.ts";
import { takeSlot } from "./slot.ts";

export interface DeduplicateOptions {
  /** The number of conflicts of one event that are kept in full. Default 100. */
  maxConflictsKept?: number;
  /** The fields whose difference makes a duplicate a conflict. Default: all. */
  conflictFields?: ConflictFields;
}

/**
 * Prepares a new connection for batches: raises the positions after a restore, and sets what `apply_frames` reads from the
 * session, which is the slot of the counters and the options.
 */
export async function prepareWriter(
  session: Session,
  {
    maxConflictsKept = DEFAULT_MAX_CONFLICTS_KEPT,
    conflictFields = COMPARED_FIELDS,
    logger,
  }: DeduplicateOptions & { logger: Logger },
): Promise<void> {
  if (await raisePositionBase(session)) {
    logger.warn("the database was restored or failed over: positions continue from a higher base");
  }
  const slot = await takeSlot(session);
  await session.query(
    "SELECT set_config('tidemark.max_conflicts_kept', $1, false), set_config('tidemark.conflict_fields', $2, false)",
    [maxConflictsKept, conflictFields.join()],
  );
  logger.info({ slot }, "connected to the database for writing");
}
