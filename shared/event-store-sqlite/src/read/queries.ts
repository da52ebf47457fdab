import { readEvent } from "@tidemark/event-store/event-row";
import type { LedgerEntry, StoredEvent } from "@tidemark/event-store/event-store";
import type { Database } from "better-sqlite3";
import { prepareBooks } from "./books.ts";
import { EVENT_COLUMNS, type PlacedEventRow, prepareListing, prepareTip } from "./listing.ts";

/** What `EventReader` asks, answered by prepared statements on one connection. */
export type SqliteQueries = ReturnType<typeof prepareQueries>;

export function prepareQueries(database: Database) {
  const findEvent = database.prepare<[string, string], PlacedEventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE topic = ? AND event_id = ?`,
  );
  const findFrame = database.prepare<[string], LedgerEntry>(
    `SELECT verdicts, processed_at AS "processedAt" FROM frames WHERE frame_id = ?`,
  );
  return {
    listEvents: prepareListing(database),
    readTip: prepareTip(database),
    findEvent: (topic: string, eventId: string): StoredEvent | undefined => {
      const row = findEvent.get(topic, eventId);
      return row && readEvent(row, String(row.id));
    },
    findFrame: (frameId: string): LedgerEntry | undefined => findFrame.get(frameId),
    readBooks: prepareBooks(database),
    ping: (): void => {
      database.pragma("schema_version");
    },
  };
}
