import type { LedgerEntry } from "@tidemark/event-store/event-store";
import type { Database } from "better-sqlite3";

/** Prepares `EventReader.findFrame`. */
export function prepareFindFrame(database: Database): (frameId: string) => LedgerEntry | undefined {
  const find = database.prepare<[string], LedgerEntry>(
    `SELECT verdicts, processed_at AS "processedAt" FROM frames WHERE frame_id = ?`,
  );
  return (frameId) => find.get(frameId);
}
