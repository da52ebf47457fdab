import { type EventRow, readEvent } from "@tidemark/event-store/event-row";
import type { LedgerEntry, StoredEvent } from "@tidemark/event-store/event-store";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import { writePosition } from "./positions.ts";

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

export interface PlacedEventRow extends EventRow {
  tx: string;
  ord: number;
}

/** An instant as `2025-10-23T10:00:00.000000Z`, right from the year 1 on. */
export function utcText<Nullable extends string | null = string>(column: string): RawBuilder<Nullable> {
  return sql<Nullable>`to_char(${sql.ref(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

// JSON leaves as text: the driver would parse it, and round its numbers.
export const EVENT_COLUMNS = sql`tx, ord, topic, event_id, source, ${utcText("timestamp")} AS timestamp,
  ${utcText("processed_at")} AS processed_at, ${utcText("payload_expired_at")} AS payload_expired_at,
  payload::text AS payload, attributes::text AS attributes`;

export async function findEvent(db: Kysely<Tables>, topic: string, eventId: string): Promise<StoredEvent | undefined> {
  const select = sql<PlacedEventRow>`SELECT ${EVENT_COLUMNS} FROM events WHERE topic = ${topic} AND event_id = ${eventId}`;
  const { rows } = await translatingErrors(() => select.execute(db));
  return rows[0] && readEvent(rows[0], writePosition(rows[0]));
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
