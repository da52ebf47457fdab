import { type Kysely, type RawBuilder, sql } from "kysely";
import { type EventRow, readEvent } from "./event-row.ts";
import { type EventPage, type EventQuery, type LedgerEntry, MAX_PAGE_BYTES, type StoredEvent } from "./event-store.ts";
import { translatingErrors } from "./postgres-errors.ts";
import { FIRST_POSITION, LAST_POSITION, positionValues, writePosition } from "./postgres-positions.ts";

/** The tables as far as they are read with the query builder; bigint arrives as text. */
export interface Tables {
  events: {
    tx: string;
    ord: number;
    topic: string;
    event_id: string;
    timestamp: Date;
    source: string;
    payload: string | null;
    attributes: string | null;
    processed_at: Date;
    payload_expired_at: Date | null;
  };
  frames: { frame_id: string; verdicts: string; processed_at: Date };
}

interface PlacedEventRow extends EventRow {
  tx: string;
  ord: number;
}

/** An instant as `2025-10-23T10:00:00.000000Z`, right from the year 1 on. */
export function utcText<Nullable extends string | null = string>(column: string): RawBuilder<Nullable> {
  return sql<Nullable>`to_char(${sql.ref(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

// JSON leaves as text: the driver would parse it, and round its numbers.
const EVENT_COLUMNS = sql`tx, ord, topic, event_id, source, ${utcText("timestamp")} AS timestamp,
  ${utcText("processed_at")} AS processed_at, ${utcText("payload_expired_at")} AS payload_expired_at,
  payload::text AS payload, attributes::text AS attributes`;

export async function findEvent(db: Kysely<Tables>, topic: string, eventId: string): Promise<StoredEvent | undefined> {
  const select = sql<PlacedEventRow>`SELECT ${EVENT_COLUMNS} FROM events WHERE topic = ${topic} AND event_id = ${eventId}`;
  const { rows } = await translatingErrors(() => select.execute(db));
  return rows[0] && readEvent(rows[0]);
}

// Whatever is still open, or begins later, has a transaction id of at least this (docs/decisions/0002).
const HORIZON = sql`(SELECT base FROM positions) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/**
 * `EventReader.listEvents`: keyset pages over (tx, ord). With a topic the bounds and the order name it too, though it is
 * one value: an equality would leave the planner free to walk all topics where its statistics are out of date.
 *
 * The page is cut by bytes as well: first by the stored ones, which are known without unpacking anything, then, of what
 * is left, by those of the text.
 */
export async function listEvents(db: Kysely<Tables>, { topic, limit, order, after }: EventQuery): Promise<EventPage> {
  const isForward = order === "asc";
  const low = isForward ? (after ?? FIRST_POSITION) : FIRST_POSITION;
  const high = isForward ? sql`${HORIZON}, 0` : positionValues(after ?? LAST_POSITION);
  const keys = sql.raw(topic === undefined ? "tx, ord" : "topic, tx, ord");
  const prefix = topic === undefined ? sql`` : sql`${topic}::text, `;
  const inOrder = sql.raw(`tx ${order}, ord ${order}`);
  const keysInOrder = topic === undefined ? inOrder : sql`topic ${sql.raw(order)}, ${inOrder}`;
  const before = sql`OVER (ORDER BY ${inOrder} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  const select = sql<PlacedEventRow & { found: string }>`
    WITH page AS (
      SELECT * FROM events
      WHERE (${keys}) > (${prefix}${positionValues(low)}) AND (${keys}) < (${prefix}${high})
      ORDER BY ${keysInOrder} LIMIT ${limit + 1}
    ), stored AS (
      SELECT *, count(*) OVER () AS found,
        sum(coalesce(pg_column_size(payload), 0) + coalesce(pg_column_size(attributes), 0)) ${before} AS stored_before
      FROM page
    ), sized AS (
      SELECT *, sum(coalesce(octet_length(payload::text), 0) + coalesce(octet_length(attributes::text), 0)) ${before}
        AS text_before
      FROM stored WHERE coalesce(stored_before, 0) < ${MAX_PAGE_BYTES}
    )
    SELECT ${EVENT_COLUMNS}, found FROM sized
    WHERE coalesce(text_before, 0) < ${MAX_PAGE_BYTES} ORDER BY ${inOrder}`;
  const { rows } = await translatingErrors(() => select.execute(db));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const events = page.map(readEvent);
  if (isForward) return { events, next: last ? writePosition(last) : low };
  return last !== undefined && Number(last.found) > page.length ? { events, next: writePosition(last) } : { events };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function findFrame(db: Kysely<Tables>, frameId: string): Promise<LedgerEntry | undefined> {
  if (!UUID.test(frameId)) return undefined;
  const select = db
    .selectFrom("frames")
    .select(["verdicts", utcText("processed_at").as("processed_at")])
    .where("frame_id", "=", frameId);
  const row = await translatingErrors(() => select.executeTakeFirst());
  return row && { verdicts: row.verdicts, processedAt: row.processed_at };
}
