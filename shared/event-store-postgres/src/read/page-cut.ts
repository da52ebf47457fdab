import { type RawBuilder, sql } from "kysely";

/**
 * Cuts the rows of `page`, an expression of the same WITH, by the bytes of `payload` and `attributes`, at least one row:
 * first by the stored ones, which are known without unpacking anything, then, of what is left, by those of the text.
 * `found` is how many rows `page` has.
 */
export function cutByBytes(inOrder: RawBuilder<unknown>, maxBytes: number) {
  const upToHere = sql`OVER (ORDER BY ${inOrder} ROWS UNBOUNDED PRECEDING)`;
  const before = sql`OVER (ORDER BY ${inOrder} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return {
    /** What makes `sized` of `page`. */
    expressions: sql`stored AS (
      SELECT *, count(*) OVER () AS found,
        sum(coalesce(pg_column_size(payload), 0) + coalesce(pg_column_size(attributes), 0)) ${before} AS stored_before
      FROM page
    ), sized AS (
      SELECT *, sum(coalesce(octet_length(payload::text), 0) + coalesce(octet_length(attributes::text), 0)) ${upToHere}
        AS text_bytes
      FROM stored WHERE coalesce(stored_before, 0) < ${maxBytes}
    )`,
    /** Of a row of `sized`. */
    fits: sql`stored_before IS NULL OR text_bytes <= ${maxBytes}`,
  };
}
