import type { ArchiveTableName } from "@tidemark/event-store/archive/archive-tables";
import { z } from "zod";

/**
 * An archive is a gzip file of JSON lines: a header, then for each table a line that names it and a line for each row, and
 * an end. Without its end an archive is not complete. A backup of a stack has the frames of the log before all tables.
 */
export const ARCHIVE_VERSION = 1;

export const ArchiveHeader = z.object({
  /** The version of the format. */
  tidemark_archive: z.int(),
  made_at: z.iso.datetime(),
  store: z.enum(["postgres", "sqlite"]),
  /** The content of the log, if the archive is a backup of a stack. */
  log: z
    .object({ generation: z.string(), last_sequence: z.number(), frames: z.number(), events: z.number() })
    .optional(),
});

export type ArchiveHeader = z.infer<typeof ArchiveHeader>;

const Counts = z.object({
  stored: z.number(),
  duplicates: z.number(),
  conflicts: z.number(),
  deadLettered: z.number(),
});

export const ArchiveEnd = z.object({
  /** The time of the snapshot of the store. UTC, six digits of the second. */
  taken_at: z.iso.datetime(),
  /** The number of lines of each section. */
  rows: z.record(z.string(), z.number()),
  /** The recount of the rows. */
  audit: z.object({ booked: Counts, counted: Counts, isBalanced: z.boolean() }),
});

export type ArchiveEnd = z.infer<typeof ArchiveEnd>;

export type SectionName = ArchiveTableName | "log_frames";
