import type { Duplicate, DuplicatePage, DuplicateQuery } from "@tidemark/event-store/duplicates";
import { type DuplicateRow, readDuplicate } from "@tidemark/event-store/event-row";
import { MAX_SCANNED_ENTRIES } from "@tidemark/event-store/event-store";
import type { Database, Statement } from "better-sqlite3";
import { DUPLICATE_COLUMNS } from "../schema/columns.ts";
import { readPosition, takePage } from "./pages.ts";
import { type TopicReach, topicReach } from "./topic-reach.ts";

type Row = Omit<DuplicateRow, "is_conflict"> & { id: number; is_conflict: number };

/**
 * Prepares `DuplicateReader.listDuplicates`. A position is an id; ids are in the order of commits. There is no other
 * index, because one by topic or source would be written with every duplicate, and few requests would read it.
 */
export function prepareDuplicateListing(database: Database): (query: DuplicateQuery) => DuplicatePage {
  const findFloor = database.prepare<[number, number], { id: number }>(
    "SELECT id FROM duplicates WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?",
  );
  const list = prepareList(database);
  return ({ topic = null, topicPrefixes, eventId = null, source = null, conflicting, limit, after }) => {
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : readPosition(after);
    // The floor is found by counting rows and not by subtracting from the id, because pruning leaves gaps between ids.
    const floor = findFloor.get(before, MAX_SCANNED_ENTRIES - 1)?.id;
    const isConflict = conflicting === undefined ? null : Number(conflicting);
    const given = { before, floor: floor ?? 0, topic, eventId, source, isConflict, limit: limit + 1 };
    const rows = list(given, topicReach(topicPrefixes));
    const { page, isLast } = takePage(rows, limit, ({ payload, attributes }) => [payload, attributes]);
    const next = isLast ? floor : page.at(-1)?.id;
    return { duplicates: page.map(toDuplicate), next: next === undefined ? undefined : String(next) };
  };
}

/** The source of a duplicate. A row with an empty source has the source of its stored event. */
const SOURCE = `iif(source <> '', source, (SELECT stored.source FROM events AS stored
  WHERE stored.topic = duplicates.topic AND stored.event_id = duplicates.event_id))`;

const COLUMNS = DUPLICATE_COLUMNS.map(({ name }) => (name === "source" ? `${SOURCE} AS source` : name)).join(", ");

/** Prepares a statement for each number of prefixes when it is first used. */
function prepareList(database: Database) {
  const prepared = new Map<string, Statement<[Record<string, unknown>], Row>>();
  return (given: Record<string, unknown>, { conditions, parameters }: TopicReach): Iterable<Row> => {
    const text = `SELECT id, ${COLUMNS}, received_at, first_processed_at, is_conflict FROM duplicates
      WHERE ${["id < @before AND id >= @floor AND (@topic IS NULL OR topic = @topic)", ...conditions].join(" AND ")}
        AND (@eventId IS NULL OR event_id = @eventId)
        AND (@source IS NULL OR ${SOURCE} = @source) AND (@isConflict IS NULL OR is_conflict = @isConflict)
      ORDER BY id DESC LIMIT @limit`;
    const statement = prepared.get(text) ?? database.prepare<[Record<string, unknown>], Row>(text);
    prepared.set(text, statement);
    return statement.iterate({ ...given, ...parameters });
  };
}

function toDuplicate(row: Row): Duplicate {
  return readDuplicate({ ...row, is_conflict: row.is_conflict === 1 });
}
