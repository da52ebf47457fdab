import type { DuplicateRow, EventRow } from "@tidemark/event-store/event-row";
import { type AliasedRawBuilder, sql } from "kysely";

/**
 * The columns of an event and of a duplicate. A new column is added here and in a migration, which adds the column and
 * a function with a new name. A test compares this list with the tables.
 */

/**
 * The function that applies a batch, as 009-conflict-fields.sql creates it. A changed function is a new migration and has a
 * new name, because replicas of two releases share a database in an upgrade.
 */
export const APPLY_FRAMES = "apply_frames_5";

/** The columns of `events` that are read. */
export const EVENT_COLUMNS = {
  topic: "text",
  event_id: "text",
  timestamp: "instant",
  source: "text",
  payload: "json?",
  attributes: "json?",
  processed_at: "instant",
  payload_expired_at: "instant?",
  erased_at: "instant?",
} as const satisfies Record<keyof EventRow, Kind>;

/**
 * The columns of `events` that only the function that applies a batch reads. Their values are derived from the content.
 */
export const INTERNAL_EVENT_COLUMNS = [
  "is_timestamp_filled",
  "payload_size",
  "payload_value",
  "attributes_size",
  "attributes_value",
];

/** The columns of `duplicates` that are read. Only conflicts have content. */
export const DUPLICATE_COLUMNS = {
  topic: "text",
  event_id: "text",
  source: "text",
  received_at: "instant",
  first_processed_at: "instant",
  is_conflict: "boolean",
  timestamp: "instant?",
  payload: "json?",
  attributes: "json?",
} as const satisfies Record<keyof DuplicateRow, Kind>;

/** The position of an event or a duplicate: the id of its transaction plus the base, and its ordinal in the batch. */
export interface Position {
  tx: string;
  ord: number;
}

/**
 * The kind of a column. Instants are read as text: UTC, six digits of the second. JSON is read as text as well, because
 * the driver would parse it and round its numbers. A question mark means that the column may be NULL.
 */
type BaseKind = "text" | "boolean" | "instant" | "json";
type Kind = BaseKind | `${BaseKind}?`;

type Selection<Row> = { [Name in keyof Row]: AliasedRawBuilder<Row[Name], Name & string> }[keyof Row][];

export const EVENT_SELECTION = selectionOf<EventRow>(EVENT_COLUMNS);
export const DUPLICATE_SELECTION = selectionOf<DuplicateRow>(DUPLICATE_COLUMNS);

function selectionOf<Row>(columns: Record<keyof Row, Kind>): Selection<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  return names.map((name) => readColumn(name, columns[name]).as(name)) as Selection<Row>;
}

function readColumn(name: string, kind: Kind) {
  if (kind.startsWith("instant")) return utcText(name);
  return kind.startsWith("json") ? sql`${sql.ref(name)}::text` : sql.ref(name);
}

/** Returns an instant as `2025-10-23T10:00:00.000000Z`, correct from the year 1 on. */
export function utcText(column: string) {
  return sql<string>`to_char(${sql.ref(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
