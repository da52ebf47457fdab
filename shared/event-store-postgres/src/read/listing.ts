import { readEvent } from "@tidemark/event-store/event-row";
import {
  type EventFilters,
  type EventPage,
  type EventQuery,
  isScan,
  MAX_PAGE_BYTES,
  MAX_SCANNED_EVENTS,
} from "@tidemark/event-store/event-store";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import { cutByBytes } from "./page-cut.ts";
import {
  earlierPosition,
  FIRST_POSITION,
  LAST_POSITION,
  laterPosition,
  positionBefore,
  positionValues,
  writePosition,
} from "./positions.ts";
import { EVENT_COLUMNS, type PlacedEventRow, type Tables } from "./queries.ts";

// Whatever is still open, or begins later, has a transaction id of at least this (docs/decisions/0002).
const HORIZON = sql`(SELECT base FROM positions) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/** What the statement tells beside the events; it does so in a row without an event where there is none. */
interface ScanRow {
  /** The first transaction that is not over. */
  horizon: string;
  /** Where the scan ended, if it did before the end of the table. */
  floor_tx: string | null;
  floor_ord: number | null;
  /** How many events match, one more than asked for at most. */
  found: string | null;
}

type PageRow = ScanRow & (PlacedEventRow | { tx: null });

/**
 * `EventReader.listEvents`: keyset pages over (tx, ord). With a topic the bounds and the order name it too, though it is
 * one value: an equality would leave the planner free to walk all topics where its statistics are out of date.
 *
 * What no index leads to is looked for in the next 10,000 events; only a page that is not full asks where those end. An
 * index by source or time would be written with every event, to be read by few.
 */
export async function listEvents(db: Kysely<Tables>, query: EventQuery): Promise<EventPage> {
  const { limit, order, maxBytes = MAX_PAGE_BYTES } = query;
  const inOrder = sql.raw(`tx ${order}, ord ${order}`);
  const { expressions, fits } = cutByBytes(inOrder, maxBytes);
  const { page, floor } = selectPage(query);
  const select = sql<PageRow>`
    WITH page AS (${page}), floor AS (${floor}), ${expressions}
    SELECT horizon, floor_tx, floor_ord, found, ${EVENT_COLUMNS}
    FROM (SELECT ${HORIZON} AS horizon) AS always LEFT JOIN floor ON true
      LEFT JOIN sized ON ${fits}
    ORDER BY ${inOrder}`;
  const { rows } = await translatingErrors(() => select.execute(db));
  const events = rows
    .filter((row) => row.tx !== null)
    .slice(0, limit)
    .map((row) => readEvent(row, writePosition(row)));
  const next = nextPosition(query, rows[0] as ScanRow, { shown: events.length, last: events.at(-1)?.position });
  return { events, ...(next !== undefined && { next }) };
}

/** The events of a page, one more than asked for; and where the scan for them ended, if it did before the end. */
function selectPage(query: EventQuery): { page: RawBuilder<unknown>; floor: RawBuilder<unknown> } {
  const { topic, eventId, order, limit } = query;
  const noFloor = sql`SELECT NULL::bigint AS floor_tx, NULL::integer AS floor_ord`;
  const matches = matching(query);
  const most = sql`LIMIT ${limit + 1}`;
  if (topic !== undefined && eventId !== undefined) {
    const page = sql`SELECT * FROM events
      WHERE topic = ${topic} AND event_id = ${eventId} AND ${bounds(query)} AND ${matches}`;
    return { page, floor: noFloor };
  }
  const keys = topic === undefined ? sql`` : sql`topic ${sql.raw(order)}, `;
  const keysInOrder = sql`${keys}${sql.raw(`tx ${order}, ord ${order}`)}`;
  const beyond = sql`FROM events WHERE ${bounds(query, topic)}`;
  if (!isScan(query)) return { page: sql`SELECT * ${beyond} ORDER BY ${keysInOrder} ${most}`, floor: noFloor };
  const page = sql`SELECT * FROM (SELECT * ${beyond} ORDER BY ${keysInOrder} LIMIT ${MAX_SCANNED_EVENTS}) AS scanned
    WHERE ${matches} ORDER BY ${keysInOrder} ${most}`;
  const floor = sql`SELECT tx AS floor_tx, ord AS floor_ord ${beyond} AND (SELECT count(*) FROM page) <= ${limit}
    ORDER BY ${keysInOrder} LIMIT 1 OFFSET ${MAX_SCANNED_EVENTS - 1}`;
  return { page, floor };
}

function bounds({ order, after, upTo }: EventQuery, topic?: string): RawBuilder<unknown> {
  const keys = sql.raw(topic === undefined ? "tx, ord" : "topic, tx, ord");
  const prefix = topic === undefined ? sql`` : sql`${topic}::text, `;
  const isForward = order === "asc";
  const low = isForward ? (after ?? FIRST_POSITION) : FIRST_POSITION;
  const high = isForward ? sql`${HORIZON}, 0` : positionValues(after ?? LAST_POSITION);
  const between = sql`(${keys}) > (${prefix}${positionValues(low)}) AND (${keys}) < (${prefix}${high})`;
  return upTo === undefined ? between : sql`${between} AND (${keys}) <= (${prefix}${positionValues(upTo)})`;
}

/** Each filter stands in the statement only where it is given: plans are made for what is asked. */
function matching({ topic, eventId, source, since, until }: EventFilters): RawBuilder<unknown> {
  const conditions = [
    ...(topic === undefined && eventId !== undefined ? [sql`event_id = ${eventId}`] : []),
    ...(source === undefined ? [] : [sql`source = ${source}`]),
    ...(since === undefined ? [] : [sql`"timestamp" >= ${since}::timestamptz`]),
    ...(until === undefined ? [] : [sql`"timestamp" < ${until}::timestamptz`]),
  ];
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function nextPosition(
  { order, after, upTo }: EventQuery,
  { horizon, floor_tx, floor_ord, found }: ScanRow,
  { shown, last }: { shown: number; last: string | undefined },
): string | undefined {
  if (last !== undefined && Number(found) > shown) return last;
  if (floor_tx !== null && floor_ord !== null) return writePosition({ tx: floor_tx, ord: floor_ord });
  if (order === "desc") return undefined;
  const end = positionBefore(horizon);
  return laterPosition(after ?? FIRST_POSITION, upTo === undefined ? end : earlierPosition(upTo, end));
}

/** `EventReader.readTip`: before the first transaction that has not begun. */
export async function readTip(db: Kysely<Tables>): Promise<string> {
  const select = sql<{ tx: string }>`
    SELECT base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS tx FROM positions`;
  const { rows } = await translatingErrors(() => select.execute(db));
  return positionBefore((rows[0] as { tx: string }).tx);
}
