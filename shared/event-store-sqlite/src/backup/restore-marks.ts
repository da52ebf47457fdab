import type { Database } from "better-sqlite3";
import { utcText } from "../schema/columns.ts";

/**
 * The positions of a restored database begin at the millisecond of its restore times this number. No database stores
 * that many events in a millisecond, so its positions are also beyond those of an earlier restore from the same backup.
 * Positions stay exact in JavaScript until 2109.
 */
const POSITIONS_A_MILLISECOND = 2 ** 11;

/** Marks a copy of a database as a backup that no service has opened. */
export function markBackup(database: Database, takenAtMs: number): void {
  database.exec("DELETE FROM restores WHERE restored_at IS NULL");
  database
    .prepare<[string]>(
      `INSERT INTO restores (backed_up_at, first_id) VALUES (?, (SELECT coalesce(max(id), 0) + 1 FROM events))`,
    )
    .run(utcText(takenAtMs));
}

/** Whether no service has opened this copy since it was made. */
export function isMarkedBackup(database: Database): boolean {
  return database.prepare("SELECT 1 FROM restores WHERE restored_at IS NULL").get() !== undefined;
}

/** Keeps the number of events that the replaced database had beyond the backup. */
export function recordLost(database: Database, events: number): void {
  database.prepare<[number]>("UPDATE restores SET lost_events = ? WHERE restored_at IS NULL").run(events);
}

/**
 * Records the restore of a database that is a backup, and changes nothing in any other database. A service calls it
 * when it opens the database for writing, so that a backup may also be put in place without the restore command.
 *
 * @returns whether the database is a restored one
 */
export function completeRestore(database: Database, nowMs: number): boolean {
  const { changes } = database
    .prepare<{ restoredAt: string; now: number }>(
      `UPDATE restores SET restored_at = @restoredAt,
         position_base = max(@now, (SELECT coalesce(max(position_base), 0) FROM restores) + first_id) - first_id
       WHERE restored_at IS NULL`,
    )
    .run({ restoredAt: utcText(nowMs), now: nowMs * POSITIONS_A_MILLISECOND });
  return changes > 0;
}
