import type { Duplicate, DuplicatePage, DuplicateQuery } from "@tidemark/event-store/duplicates";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { type Kysely, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import { cutByBytes } from "./page-cut.ts";
import { LAST_POSITION, positionValues, writePosition } from "./positions.ts";
import { type Tables, utcText } from "./queries.ts";

/** How many copies a page looks at, whatever its filter matches: some milliseconds. */
const MAX_SCANNED = 10_000;

interface CopyRow {
  tx: string;
  ord: number;
  topic: string;
  event_id: string;
  source: string;
  received_at: string;
  first_processed_at: string;
  is_conflict: boolean;
  timestamp: string | null;
  payload: string | null;
  attributes: string | null;
}

interface FloorRow {
  floor_tx: string | null;
  floor_ord: number | null;
  found: string;
}

/** A row without a copy says that the page is empty, and where the scan ended. */
type PageRow = FloorRow & (CopyRow | { tx: null });

/**
 * `DuplicateReader.listDuplicates`: keyset pages over (tx, ord), the primary key. No other index: one by topic or source
 * would be written with every copy, to be read by few. One statement, so that a copy that commits late cannot stand
 * between the page and the end of the scan.
 */
export async function listDuplicates(db: Kysely<Tables>, query: DuplicateQuery): Promise<DuplicatePage> {
  const { topic = null, eventId = null, source = null, conflicting = null, limit, after = LAST_POSITION } = query;
  const newestFirst = sql.raw("tx DESC, ord DESC");
  const { expressions, fits } = cutByBytes(newestFirst, MAX_PAGE_BYTES);
  const beyond = sql`FROM duplicates WHERE (tx, ord) < (${positionValues(after)}) ORDER BY ${newestFirst}`;
  const select = sql<PageRow>`
    WITH floor AS (
      SELECT tx AS floor_tx, ord AS floor_ord ${beyond} LIMIT 1 OFFSET ${MAX_SCANNED - 1}
    ), page AS (
      SELECT * FROM (SELECT * ${beyond} LIMIT ${MAX_SCANNED}) AS scanned
      WHERE (${topic}::text IS NULL OR topic = ${topic}) AND (${source}::text IS NULL OR source = ${source})
        AND (${eventId}::text IS NULL OR event_id = ${eventId})
        AND (${conflicting}::boolean IS NULL OR is_conflict = ${conflicting})
      ORDER BY ${newestFirst} LIMIT ${limit + 1}
    ), ${expressions}
    SELECT floor_tx, floor_ord, found, tx, ord, topic, event_id, source, is_conflict,
      ${utcText("received_at")} AS received_at, ${utcText("first_processed_at")} AS first_processed_at,
      ${utcText("timestamp")} AS timestamp, payload::text AS payload, attributes::text AS attributes
    FROM (SELECT) AS always LEFT JOIN floor ON true LEFT JOIN sized ON ${fits}
    ORDER BY ${newestFirst}`;
  const { rows } = await translatingErrors(() => select.execute(db));
  const page = rows.filter((row) => row.tx !== null).slice(0, limit);
  const next = nextPosition(rows[0], page);
  return { duplicates: page.map(readCopy), ...(next !== undefined && { next }) };
}

/** Behind the last copy shown where more were found, else where the scan ended, if it did not reach the oldest. */
function nextPosition(scan: FloorRow | undefined, page: CopyRow[]): string | undefined {
  const last = page.at(-1);
  if (last !== undefined && Number(scan?.found) > page.length) return writePosition(last);
  if (scan === undefined || scan.floor_tx === null || scan.floor_ord === null) return undefined;
  return writePosition({ tx: scan.floor_tx, ord: scan.floor_ord });
}

function readCopy(row: CopyRow): Duplicate {
  const { timestamp, payload, attributes } = row;
  return {
    topic: row.topic,
    eventId: row.event_id,
    source: row.source,
    receivedAt: row.received_at,
    firstProcessedAt: row.first_processed_at,
    isConflict: row.is_conflict,
    ...(timestamp !== null &&
      payload !== null && { content: { timestamp, payload, ...(attributes !== null && { attributes }) } }),
  };
}
