import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import { type EventRow, readEvent } from "./event-row.ts";
import type { EventPage, EventQuery, LedgerEntry, StoredEvent } from "./event-store.ts";
import { translatingErrors } from "./postgres-errors.ts";
import { FIRST_POSITION, LAST_POSITION, readPosition, writePosition } from "./postgres-positions.ts";

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
function selectEvents(db: Kysely<Tables>): SelectQueryBuilder<Tables, "events", PlacedEventRow> {
  return db
    .selectFrom("events")
    .select(["tx", "ord", "topic", "event_id", "source"])
    .select([
      utcText("timestamp").as("timestamp"),
      utcText("processed_at").as("processed_at"),
      utcText<string | null>("payload_expired_at").as("payload_expired_at"),
      sql<string | null>`payload::text`.as("payload"),
      sql<string | null>`attributes::text`.as("attributes"),
    ]);
}

export async function findEvent(db: Kysely<Tables>, topic: string, eventId: string): Promise<StoredEvent | undefined> {
  const select = selectEvents(db).where("topic", "=", topic).where("event_id", "=", eventId);
  const row = await translatingErrors(() => select.executeTakeFirst());
  return row && readEvent(row);
}

// Whatever is still open, or begins later, has a transaction id of at least this (docs/decisions/0002).
const HORIZON = sql`(SELECT base FROM positions) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/**
 * `EventReader.listEvents`: keyset pages over (tx, ord). With a topic the bounds and the order name it too, though it is
 * one value: an equality would leave the planner free to walk all topics where its statistics are out of date.
 */
export async function listEvents(db: Kysely<Tables>, { topic, limit, order, after }: EventQuery): Promise<EventPage> {
  const isForward = order === "asc";
  const low = isForward ? (after ?? FIRST_POSITION) : FIRST_POSITION;
  const high = isForward ? sql`${HORIZON}, 0` : positionValues(after ?? LAST_POSITION);
  const keys = sql.raw(topic === undefined ? "tx, ord" : "topic, tx, ord");
  const prefix = topic === undefined ? sql`` : sql`${topic}::text, `;
  let select = selectEvents(db)
    .where(sql<boolean>`(${keys}) > (${prefix}${positionValues(low)})`)
    .where(sql<boolean>`(${keys}) < (${prefix}${high})`)
    .limit(limit + 1);
  if (topic !== undefined) select = select.orderBy("topic", order);
  select = select.orderBy("tx", order).orderBy("ord", order);
  const rows = await translatingErrors(() => select.execute());
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const events = page.map(readEvent);
  if (isForward) return { events, next: last ? writePosition(last) : low };
  return last !== undefined && rows.length > limit ? { events, next: writePosition(last) } : { events };
}

function positionValues(position: string): RawBuilder<unknown> {
  const { tx, ord } = readPosition(position);
  return sql`${tx}::bigint, ${ord}::integer`;
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
