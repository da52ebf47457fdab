import { AGE_BOUNDS_SECONDS } from "@tidemark/event-store/duplicates";

/**
 * A field of an event and its column. The reader of frames, the statements on `events` and `duplicates`, and the
 * comparison of a duplicate with the stored event are made from this list. A new field needs an entry here and a
 * migration.
 */
export interface EventColumn {
  /** The name of the field in a frame, and of the column. */
  name: string;
  /**
   * The kind of the value. Texts and timestamps are compared character by character, objects as JSON.
   */
  type: "text" | "timestamp" | "object" | "flag";
  /** The value of an event that lacks the field. A field without this entry is required. */
  absent?: string | null;
  /** The rows of `duplicates` that keep the value: all, those of conflicts, or none. */
  keptIn: "all" | "conflicts" | "none";
}

/** The columns that an event of a frame fills, in the order of `FrameEvent.values`. */
export const EVENT_COLUMNS: readonly EventColumn[] = [
  { name: "topic", type: "text", keptIn: "all" },
  { name: "event_id", type: "text", keptIn: "all" },
  { name: "timestamp", type: "timestamp", keptIn: "conflicts" },
  { name: "source", type: "text", keptIn: "all" },
  { name: "payload", type: "object", absent: "{}", keptIn: "conflicts" },
  { name: "attributes", type: "object", absent: null, keptIn: "conflicts" },
  { name: "is_timestamp_filled", type: "flag", absent: null, keptIn: "none" },
];

export const DUPLICATE_COLUMNS = EVENT_COLUMNS.filter(({ keptIn }) => keptIn !== "none");

/** A value of one of these columns: a text, 1 for a flag that is set, or NULL. */
export type EventValue = string | 1 | null;

/** Returns the names of columns for a statement: `topic, event_id`. */
export function namesOf(columns: readonly EventColumn[]): string {
  return columns.map(({ name }) => name).join(", ");
}

/** Returns the position of a column in `EVENT_COLUMNS`. */
export function positionOf(name: string): number {
  const position = EVENT_COLUMNS.findIndex((column) => column.name === name);
  if (position < 0) throw new Error(`there is no column ${name}`);
  return position;
}

/** The columns of `source_counters` by age: one for each of `AGE_BOUNDS_SECONDS`, and one for later duplicates. */
export const AGE_COLUMNS: readonly string[] = [...AGE_BOUNDS_SECONDS, null].map((_bound, age) => `age_${age}`);

/** Returns an instant as the columns keep it: UTC, six digits of the second. */
export function utcText(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}

/** Returns the minute of an instant as the history keeps it: the number of minutes since 1970. */
export function minuteOf(epochMs: number): number {
  return Math.floor(epochMs / 60_000);
}
