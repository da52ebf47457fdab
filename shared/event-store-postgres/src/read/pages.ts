import { type RawBuilder, sql } from "kysely";

/**
 * Limits the rows of a page (an expression of a WITH) by the bytes of `payload` and `attributes`, but to at least one
 * row. It first uses the stored bytes, which are known without decompression, and then the bytes of the text for the
 * remaining rows.
 */
export function pageBytes(order: RawBuilder<unknown>) {
  return {
    /** The stored bytes of the rows before each row; null for the first row. */
    storedBefore: sql<string | null>`sum(coalesce(pg_column_size(payload), 0) + coalesce(pg_column_size(attributes), 0))
      OVER (ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`,
    /** The bytes of the text of each row and of those before it. */
    text: sql<string>`sum(coalesce(octet_length(payload::text), 0) + coalesce(octet_length(attributes::text), 0))
      OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)`,
  };
}

/** The number of rows that a page found, at most one more than requested. */
export const FOUND = sql<string>`count(*) OVER ()`;

/** Whether a row may be decompressed, by the stored bytes of the rows before it. */
export function mayFit(maxBytes: number) {
  return sql<boolean>`coalesce(stored_before, 0) < ${maxBytes}`;
}

/** Whether a row is on the page. */
export function fits(maxBytes: number) {
  return sql<boolean>`(stored_before IS NULL OR text_bytes <= ${maxBytes})`;
}
