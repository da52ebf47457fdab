/**
 * The tables of a store in an archive, which has the same form for every store. Each store reads and writes its own
 * tables by this list, so a new column or table must be added here. The list omits values that each store derives
 * (totals, magnitudes, sizes and hashes of large events), the progress of the expiry of payloads, the last audit, and
 * secrets.
 *
 * The position of a subscription is the number of events that it has passed, because each store has its own positions.
 */

/**
 * The kind of a value. `instant` is UTC text with six digits of the second, `json` is the text of a JSON value, and `bytes`
 * are base64.
 */
export type ArchiveKind = "text" | "integer" | "boolean" | "instant" | "json" | "bytes";

export interface ArchiveTable {
  name: string;
  columns: Record<string, ArchiveKind>;
  /** The columns by which the rows are sorted. Events and duplicates are in the order of commits. */
  order: readonly string[];
}

/** The position in the order of commits, as PostgreSQL keeps it. Another store creates positions in the same order. */
const POSITION = { tx: "integer", ord: "integer" } as const;

const CONTENT = { timestamp: "instant", payload: "json", attributes: "json" } as const;

export const ARCHIVE_TABLES = [
  {
    name: "events",
    columns: {
      ...POSITION,
      topic: "text",
      event_id: "text",
      source: "text",
      ...CONTENT,
      processed_at: "instant",
      payload_expired_at: "instant",
      erased_at: "instant",
      is_timestamp_filled: "boolean",
    },
    order: ["tx", "ord"],
  },
  {
    name: "duplicates",
    columns: {
      ...POSITION,
      topic: "text",
      event_id: "text",
      source: "text",
      received_at: "instant",
      first_processed_at: "instant",
      is_conflict: "boolean",
      ...CONTENT,
    },
    order: ["tx", "ord"],
  },
  {
    name: "dead_letters",
    columns: {
      id: "integer",
      frame_id: "text",
      ordinal: "integer",
      topic: "text",
      events: "integer",
      code: "text",
      reason: "text",
      attempts: "integer",
      dead_at: "instant",
      received_at: "instant",
      content: "bytes",
    },
    order: ["id"],
  },
  {
    name: "frames",
    columns: {
      frame_id: "text",
      generation: "text",
      sequence: "integer",
      events: "integer",
      verdicts: "text",
      received_at: "instant",
      processed_at: "instant",
    },
    order: ["generation", "sequence"],
  },
  {
    name: "repeated_frames",
    columns: {
      generation: "text",
      sequence: "integer",
      frame_id: "text",
      events: "integer",
      processed_at: "instant",
    },
    order: ["generation", "sequence"],
  },
  {
    name: "frame_counters",
    columns: { generation: "text", frames: "integer", events: "integer" },
    order: ["generation"],
  },
  {
    name: "topic_counters",
    columns: {
      topic: "text",
      stored: "integer",
      duplicates: "integer",
      conflicts: "integer",
      dead_lettered: "integer",
      last_processed_at: "instant",
      duplicates_pruned: "integer",
      conflicts_pruned: "integer",
      dead_letters_deleted: "integer",
    },
    order: ["topic"],
  },
  {
    name: "source_counters",
    columns: {
      source: "text",
      duplicates: "integer",
      conflicts: "integer",
      age_0: "integer",
      age_1: "integer",
      age_2: "integer",
      age_3: "integer",
      age_4: "integer",
      age_5: "integer",
    },
    order: ["source"],
  },
  {
    name: "history",
    columns: {
      minute: "integer",
      stored: "integer",
      duplicates: "integer",
      conflicts: "integer",
      dead_lettered: "integer",
      unlisted: "integer",
    },
    order: ["minute"],
  },
  {
    name: "topic_history",
    columns: {
      minute: "integer",
      topic: "text",
      stored: "integer",
      duplicates: "integer",
      conflicts: "integer",
      dead_lettered: "integer",
    },
    order: ["minute", "topic"],
  },
  {
    name: "starts",
    columns: { minute: "integer", service: "text", count: "integer" },
    order: ["minute", "service"],
  },
  {
    name: "restores",
    columns: {
      restored_at: "instant",
      backed_up_at: "instant",
      generation: "text",
      lost_frames: "integer",
      lost_events: "integer",
    },
    order: ["restored_at"],
  },
  {
    name: "subscriptions",
    columns: {
      name: "text",
      topic: "text",
      topic_prefix: "text",
      passed_events: "integer",
      acknowledged: "integer",
      last_page: "text",
      created_at: "instant",
      updated_at: "instant",
    },
    order: ["name"],
  },
] as const satisfies ArchiveTable[];

export type ArchiveTableName = (typeof ARCHIVE_TABLES)[number]["name"];

/** Rows of one table, each as the text of a JSON object on one line. An absent column is NULL. */
export interface ArchiveRows {
  table: ArchiveTableName;
  rows: string[];
}

/** Writes the rows of an archive into a store, one table after the other. */
export interface ArchiveSink {
  beginTable(table: ArchiveTableName): Promise<void>;
  /**
   * Writes a chunk of the lines of the table. A chunk may end within a line. Resolves when the next chunk can be
   * written.
   */
  write(lines: string | Uint8Array): Promise<void>;
}

/** The number of rows of each table that was written. */
export interface ArchivedRows {
  rows: Record<ArchiveTableName, number>;
}
