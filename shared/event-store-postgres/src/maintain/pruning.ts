import type { PruneDuplicates, PruneFrames, PruneStep } from "@tidemark/event-store/pruning";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import { FIRST_POSITION, positionValues, writePosition } from "../read/positions.ts";
import type { Tables } from "../read/queries.ts";

/** Held by the one process that prunes; the others let it. */
const PRUNING_LOCK = 7_305_804_402_565_173_250n;

/**
 * What was forgotten is counted in a slot of its own. In the slot of a consumer each step would contend with that
 * consumer's batches for the rows of the same topics, in another order.
 */
const PRUNING_SLOT = -1;

interface StepRow {
  forgotten: string;
  is_permitted: boolean;
  is_full: boolean;
  tx: string | null;
  ord: number | null;
}

/**
 * `Pruner.pruneDuplicates`, beside the connection that applies frames: one statement, so one short transaction. It begins where the step before ended: conflicts
 * that stay, and what the vacuum has yet to remove, are not walked over again. Who gets the lock may see rows that
 * another has deleted a moment ago; DELETE does not return those, so nothing is counted twice.
 */
export async function pruneDuplicates(db: Kysely<Tables>, options: PruneDuplicates): Promise<PruneStep> {
  const { receivedBeforeMs, limit, after } = options;
  const step = sql<StepRow>`
    WITH permitted AS MATERIALIZED (
      SELECT pg_try_advisory_xact_lock(${PRUNING_LOCK}::bigint) AS is_permitted
    ), walked AS MATERIALIZED (
      SELECT ctid AS place, tx, ord, topic, event_id, is_conflict, received_at < ${instant(receivedBeforeMs)} AS is_old
      FROM duplicates
      WHERE (SELECT is_permitted FROM permitted) AND (tx, ord) > (${positionValues(after ?? FIRST_POSITION)})
      ORDER BY tx, ord LIMIT ${limit}
    ), forgettable AS (
      SELECT place FROM walked LEFT JOIN LATERAL (
        SELECT payload_expired_at FROM events
        WHERE events.topic = walked.topic AND events.event_id = walked.event_id OFFSET 0
      ) AS first ON is_conflict
      WHERE is_old AND (NOT is_conflict OR payload_expired_at IS NOT NULL)
    ), forgotten AS (
      DELETE FROM duplicates WHERE ctid = ANY (ARRAY(SELECT place FROM forgettable)) RETURNING topic, is_conflict
    ), counted AS (
      INSERT INTO counters AS books (slot, topic, duplicates_pruned, conflicts_pruned, last_processed_at)
      SELECT ${PRUNING_SLOT}, topic, count(*), count(*) FILTER (WHERE is_conflict), '-infinity'
      FROM forgotten GROUP BY topic ORDER BY topic
      ON CONFLICT (slot, topic) DO UPDATE SET duplicates_pruned = books.duplicates_pruned + excluded.duplicates_pruned,
        conflicts_pruned = books.conflicts_pruned + excluded.conflicts_pruned
    )
    SELECT is_permitted, (SELECT count(*) FROM forgotten) AS forgotten,
      (SELECT count(*) FROM walked) = ${limit} AS is_full, passed.tx, passed.ord
    FROM permitted LEFT JOIN LATERAL (
      SELECT tx, ord FROM walked WHERE is_old ORDER BY tx DESC, ord DESC LIMIT 1
    ) AS passed ON true`;
  const { rows } = await translatingErrors(() => step.execute(db));
  const [row] = rows;
  if (row === undefined) throw new Error("a step of pruning came without a row");
  const { tx, ord } = row;
  const position = tx !== null && ord !== null ? writePosition({ tx, ord }) : undefined;
  return {
    forgotten: Number(row.forgotten),
    ...((position ?? after) !== undefined && { position: position ?? after }),
    isAtEnd: !row.is_full || position === undefined,
  };
}

/** `Pruner.pruneFrames`: the index leads to the oldest of this incarnation, and past it to those of others. */
export async function pruneFrames(db: Kysely<Tables>, options: PruneFrames): Promise<number> {
  const permitted = sql`SELECT pg_try_advisory_xact_lock(${PRUNING_LOCK}::bigint) AS is_permitted`;
  const step = sql<{ forgotten: string }>`
    WITH permitted AS MATERIALIZED (${permitted}), forgotten AS (
      ${deleteOldest("frames", options)}
    ), forgotten_copies AS (
      ${deleteOldest("frame_copies", options)}
    )
    SELECT (SELECT count(*) FROM forgotten) + (SELECT count(*) FROM forgotten_copies) AS forgotten`;
  const { rows } = await translatingErrors(() => step.execute(db));
  return Number(rows[0]?.forgotten);
}

function deleteOldest(table: "frames" | "frame_copies", { processedBeforeMs, log, limit }: PruneFrames) {
  const { generation, firstHeldSequence } = log;
  const isOld = sql`processed_at < ${instant(processedBeforeMs)}`;
  const oldest = (condition: RawBuilder<unknown>) => sql`(
    SELECT place FROM (
      SELECT ctid AS place, processed_at FROM ${sql.table(table)} WHERE (SELECT is_permitted FROM permitted) AND ${condition}
      ORDER BY incarnation, sequence LIMIT ${limit}
    ) AS oldest WHERE ${isOld}
  )`;
  return sql`DELETE FROM ${sql.table(table)} WHERE ${isOld} AND ctid = ANY (ARRAY(
    ${oldest(sql`incarnation = ${generation} AND sequence < ${firstHeldSequence}`)}
    UNION ALL ${oldest(sql`incarnation < ${generation}`)}
    UNION ALL ${oldest(sql`incarnation > ${generation}`)}
  )) RETURNING 1`;
}

function instant(epochMs: number): RawBuilder<unknown> {
  return sql`${new Date(epochMs).toISOString()}::timestamptz`;
}
