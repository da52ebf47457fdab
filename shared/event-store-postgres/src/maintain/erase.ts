import { ERASED_AT_ONCE, type ExpirePayloads, type ExpiryStep, MAX_EXPIRED_BYTES } from "@tidemark/event-store/erasure";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import type { Tables } from "../schema/tables.ts";

/** The lock of the process that expires payloads. Other processes skip the step. */
const EXPIRY_LOCK = 7_305_804_402_565_173_251n;

const ERASE_STORED = "SELECT erase_stored_event($1, $2) AS is_stored";
const ERASE_CONFLICTS = "SELECT erase_conflicts($1, $2, $3) AS erased";
const EXPIRE = "SELECT expired, is_at_end, is_busy_elsewhere FROM expire_payloads($1, $2, $3, $4, $5)";

/**
 * Erases the row of an event and its conflicts. It uses a connection for reading, so that it does not block those that
 * apply frames.
 *
 * @returns false when there is no such event
 */
export async function eraseEvent(db: Kysely<Tables>, topic: string, eventId: string): Promise<boolean> {
  const { is_stored } = await queryRow<{ is_stored: boolean }>(db, ERASE_STORED, [topic, eventId]);
  if (!is_stored) return false;
  let erased: number;
  do {
    const parameters = [topic, eventId, ERASED_AT_ONCE];
    erased = Number((await queryRow<{ erased: string }>(db, ERASE_CONFLICTS, parameters)).erased);
  } while (erased > 0);
  return true;
}

interface StepRow {
  expired: string;
  is_at_end: boolean;
  is_busy_elsewhere: boolean;
}

/** `Eraser.expirePayloads`, also on a connection for reading. */
export async function expirePayloads(
  db: Kysely<Tables>,
  { processedBeforeMs, limit, pauses = 0 }: ExpirePayloads,
): Promise<ExpiryStep> {
  const parameters = [new Date(processedBeforeMs).toISOString(), limit, MAX_EXPIRED_BYTES, pauses, EXPIRY_LOCK];
  const { expired, is_at_end, is_busy_elsewhere } = await queryRow<StepRow>(db, EXPIRE, parameters);
  return {
    expired: Number(expired),
    isAtEnd: is_at_end,
    ...(is_busy_elsewhere && { isBusyElsewhere: true }),
  };
}
