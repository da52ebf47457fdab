import type { Database } from "better-sqlite3";
import { type EventRow, readEvent } from "./event-row.ts";
import type { EventPage, EventQuery, LedgerEntry, StoredEvent } from "./event-store.ts";
import { prepareBooks } from "./sqlite-books.ts";
import { readPosition, takePage } from "./sqlite-pages.ts";

/** What `EventReader` asks, answered by prepared statements on one connection. */
export type SqliteQueries = ReturnType<typeof prepareQueries>;

export function prepareQueries(database: Database) {
  const findEvent = database.prepare<[string, string], EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE topic = ? AND event_id = ?`,
  );
  const findFrame = database.prepare<[string], LedgerEntry>(
    `SELECT verdicts, processed_at AS "processedAt" FROM frames WHERE frame_id = ?`,
  );
  return {
    listEvents: prepareListing(database),
    findEvent: (topic: string, eventId: string): StoredEvent | undefined => {
      const row = findEvent.get(topic, eventId);
      return row && readEvent(row);
    },
    findFrame: (frameId: string): LedgerEntry | undefined => findFrame.get(frameId),
    readBooks: prepareBooks(database),
    ping: (): void => {
      database.pragma("schema_version");
    },
  };
}

const EVENT_COLUMNS = "id, topic, event_id, timestamp, source, payload, attributes, processed_at, payload_expired_at";

interface PlacedEventRow extends EventRow {
  id: number;
}

/** A position is the id of the last event, which is the order of commits: nothing can appear below it later. */
function prepareListing(database: Database): (query: EventQuery) => EventPage {
  const select = `SELECT ${EVENT_COLUMNS} FROM events WHERE`;
  const oldest = database.prepare<[number, number], PlacedEventRow>(`${select} id > ? ORDER BY id LIMIT ?`);
  const newest = database.prepare<[number, number], PlacedEventRow>(`${select} id < ? ORDER BY id DESC LIMIT ?`);
  const oldestOfTopic = database.prepare<[string, number, number], PlacedEventRow>(
    `${select} topic = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const newestOfTopic = database.prepare<[string, number, number], PlacedEventRow>(
    `${select} topic = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  );

  const listOldest = ({ topic, limit, after }: EventQuery): EventPage => {
    const position = after === undefined ? 0 : readPosition(after);
    const rows = topic === undefined ? oldest.iterate(position, limit) : oldestOfTopic.iterate(topic, position, limit);
    const { page } = takePage(rows, limit, jsonOf);
    return { events: page.map(readEvent), next: String(page.at(-1)?.id ?? position) };
  };
  const listNewest = ({ topic, limit, after }: EventQuery): EventPage => {
    const position = after === undefined ? Number.MAX_SAFE_INTEGER : readPosition(after);
    // One more than asked for tells whether there is a next page.
    const rows =
      topic === undefined ? newest.iterate(position, limit + 1) : newestOfTopic.iterate(topic, position, limit + 1);
    const { page, isLast } = takePage(rows, limit, jsonOf);
    const last = page.at(-1);
    return { events: page.map(readEvent), ...(!isLast && last && { next: String(last.id) }) };
  };
  return (query) => (query.order === "asc" ? listOldest(query) : listNewest(query));
}

function jsonOf({ payload, attributes }: PlacedEventRow) {
  return [payload, attributes];
}
