import type { Database } from "better-sqlite3";
import { type EventRow, readEvent } from "./event-row.ts";
import type { Books, BooksQuery, EventPage, EventQuery, LedgerEntry, StoredEvent, TopicBooks } from "./event-store.ts";
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

const TOPIC_COLUMNS = `topic, unique_events AS "unique", duplicates, conflicts, dead_lettered AS "deadLettered",
  last_processed_at AS "lastProcessedAt"`;

/** Counters only: the cost grows with the number of topics, never with that of events. */
function prepareBooks(database: Database): (query: BooksQuery) => Books {
  const totals = database.prepare<[], Omit<Books, "byTopic" | "appliedHeldEvents">>(
    `SELECT coalesce(sum(unique_events), 0) AS "unique", coalesce(sum(duplicates), 0) AS duplicates,
       coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead_lettered), 0) AS "deadLettered",
       count(*) AS "topicsTotal"
     FROM topics`,
  );
  const oneTopic = database.prepare<[string], TopicBooks>(`SELECT ${TOPIC_COLUMNS} FROM topics WHERE topic = ?`);
  const busiestTopics = database.prepare<[number], TopicBooks>(
    `SELECT ${TOPIC_COLUMNS} FROM topics ORDER BY unique_events + duplicates + dead_lettered DESC, topic LIMIT ?`,
  );
  // CROSS: run by run, each by the index, whatever the planner thinks.
  const appliedHeld = database.prepare<[string, string], { events: number }>(
    `SELECT coalesce(sum(events), 0) AS events FROM json_each(?) AS run CROSS JOIN frames
     ON incarnation = ? AND sequence BETWEEN run.value ->> 'first' AND run.value ->> 'last'`,
  );
  const readAppliedHeld = (log: BooksQuery["log"]) =>
    log === undefined ? 0 : (appliedHeld.get(JSON.stringify(log.held), log.incarnation)?.events ?? 0);
  const read = database.transaction(({ topic, maxTopics, log }: BooksQuery): Books => {
    const sums = totals.get();
    if (sums === undefined) throw new Error("an aggregate without a row");
    return {
      ...sums,
      byTopic: topic === undefined ? busiestTopics.all(maxTopics) : oneTopic.all(topic),
      appliedHeldEvents: readAppliedHeld(log),
    };
  });
  return read.deferred; // one snapshot
}
