import { ERASED_AT_ONCE } from "@tidemark/event-store/erasure";
import type { Database } from "better-sqlite3";
import { utcText } from "../schema/columns.ts";

/** Prepares the erasure of the row of an event. Returns false when there is no such event. */
export function prepareEraseStored(database: Database): (topic: string, eventId: string) => boolean {
  const find = database.prepare<[string, string], { id: number; erased_at: string | null }>(
    "SELECT id, erased_at FROM events WHERE topic = ? AND event_id = ?",
  );
  const erase = database.prepare<{ id: number; now: string }>(
    "UPDATE events SET payload = NULL, attributes = NULL, source = '', erased_at = @now WHERE id = @id",
  );
  const eraseHashes = database.prepare<[number]>("DELETE FROM large_events WHERE id = ?");
  const eraseStored = database.transaction((topic: string, eventId: string): boolean => {
    const event = find.get(topic, eventId);
    if (event === undefined) return false;
    if (event.erased_at === null) erase.run({ id: event.id, now: utcText(Date.now()) });
    eraseHashes.run(event.id);
    return true;
  });
  return eraseStored.immediate;
}

/** Prepares one step of the erasure of an event's conflicts. It returns the number of conflicts, 0 when none is left. */
export function prepareEraseConflicts(database: Database): (topic: string, eventId: string) => number {
  const erase = database.prepare<[string, string]>(
    `UPDATE duplicates SET source = '', timestamp = NULL, payload = NULL, attributes = NULL WHERE id IN (
       SELECT id FROM duplicates WHERE topic = ? AND event_id = ? AND is_conflict AND source <> '' LIMIT ${ERASED_AT_ONCE})`,
  );
  return (topic, eventId) => erase.run(topic, eventId).changes;
}

/**
 * Prepares the removal of earlier versions of pages, which still hold erased text, from the WAL. It does not wait for
 * readers. A busy reader keeps the WAL until the next checkpoint.
 */
export function prepareTruncateWal(database: Database): () => void {
  const timeout = Number(database.pragma("busy_timeout", { simple: true }));
  return () => {
    database.pragma("busy_timeout = 0");
    try {
      database.pragma("wal_checkpoint(TRUNCATE)");
    } finally {
      database.pragma(`busy_timeout = ${timeout}`);
    }
  };
}
