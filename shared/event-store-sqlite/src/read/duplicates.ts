import type { Duplicate, DuplicatePage, DuplicateQuery } from "@tidemark/event-store/duplicates";
import type { Database } from "better-sqlite3";
import { readPosition, takePage } from "./pages.ts";

/** How many copies a page looks at, whatever its filter matches: some milliseconds. */
const MAX_SCANNED = 10_000;

interface DuplicateRow {
  id: number;
  topic: string;
  event_id: string;
  source: string;
  received_at: string;
  first_processed_at: string;
  is_conflict: number;
  timestamp: string | null;
  payload: string | null;
  attributes: string | null;
}

/**
 * Prepares `DuplicateReader.listDuplicates`. A position is an id, which is the order of commits. No index but that: one
 * by topic or source would be written with every copy, to be read by few.
 */
export function prepareDuplicateListing(database: Database): (query: DuplicateQuery) => DuplicatePage {
  const findFloor = database.prepare<[number, number], { id: number }>(
    "SELECT id FROM duplicates WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?",
  );
  const list = database.prepare<
    {
      before: number;
      floor: number;
      topic: string | null;
      eventId: string | null;
      source: string | null;
      isConflict: number | null;
      limit: number;
    },
    DuplicateRow
  >(
    `SELECT id, topic, event_id, source, received_at, first_processed_at, is_conflict, timestamp, payload, attributes
     FROM duplicates
     WHERE id < @before AND id >= @floor AND (@topic IS NULL OR topic = @topic)
       AND (@eventId IS NULL OR event_id = @eventId)
       AND (@source IS NULL OR source = @source) AND (@isConflict IS NULL OR is_conflict = @isConflict)
     ORDER BY id DESC LIMIT @limit`,
  );
  return ({ topic, eventId, source, conflicting, limit, after }) => {
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : readPosition(after);
    // By rank, not by difference of ids: where copies were forgotten, ids are far apart.
    const floor = findFloor.get(before, MAX_SCANNED - 1)?.id;
    const rows = list.iterate({
      before,
      floor: floor ?? 0,
      topic: topic ?? null,
      eventId: eventId ?? null,
      source: source ?? null,
      isConflict: conflicting === undefined ? null : Number(conflicting),
      limit: limit + 1,
    });
    const { page, isLast } = takePage(rows, limit, ({ payload, attributes }) => [payload, attributes]);
    const next = isLast ? floor : page.at(-1)?.id;
    return { duplicates: page.map(readCopy), ...(next !== undefined && { next: String(next) }) };
  };
}

function readCopy(row: DuplicateRow): Duplicate {
  const { timestamp, payload, attributes } = row;
  return {
    topic: row.topic,
    eventId: row.event_id,
    source: row.source,
    receivedAt: row.received_at,
    firstProcessedAt: row.first_processed_at,
    isConflict: row.is_conflict === 1,
    ...(timestamp !== null &&
      payload !== null && { content: { timestamp, payload, ...(attributes !== null && { attributes }) } }),
  };
}
