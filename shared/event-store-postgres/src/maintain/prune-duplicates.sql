-- One step of pruning: one statement, so one short transaction. It begins where the step before ended, so that
-- conflicts whose content is kept, and rows that the vacuum has yet to remove, are not read again. A process that gets
-- the lock may see rows that another process has just deleted. DELETE does not return them, so nothing is counted
-- twice.
--
-- The pruned rows are counted in a separate slot (-1). In the slot of a consumer, each step would wait for that
-- consumer's batches, which lock the rows of the same topics in another order.
--
-- $1 prune duplicates received before    $2 number of rows to read    $3, $4 position after which to begin    $5 lock
WITH permitted AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock($5::bigint) AS is_permitted
), scanned AS MATERIALIZED (
  SELECT ctid AS place, tx, ord, payload IS NOT NULL AS has_content, received_at < $1::timestamptz AS is_old
  FROM duplicates
  WHERE (SELECT is_permitted FROM permitted) AND (tx, ord) > ($3::bigint, $4::integer)
  ORDER BY tx, ord LIMIT $2::integer
), pruned AS (
  DELETE FROM duplicates WHERE ctid = ANY (ARRAY(SELECT place FROM scanned WHERE is_old AND NOT has_content))
  RETURNING topic, is_conflict
), counted AS (
  INSERT INTO topic_counters AS books (slot, topic, duplicates_pruned, conflicts_pruned, last_processed_at)
  SELECT -1, topic, count(*), count(*) FILTER (WHERE is_conflict), '-infinity'
  FROM pruned GROUP BY topic ORDER BY topic
  ON CONFLICT (topic, slot) DO UPDATE SET duplicates_pruned = books.duplicates_pruned + excluded.duplicates_pruned,
    conflicts_pruned = books.conflicts_pruned + excluded.conflicts_pruned
)
SELECT (SELECT count(*) FROM pruned) AS pruned,
  (SELECT count(*) FROM scanned) = $2::integer AS is_full, passed.tx, passed.ord
FROM permitted LEFT JOIN LATERAL (
  SELECT tx, ord FROM scanned WHERE is_old ORDER BY tx DESC, ord DESC LIMIT 1
) AS passed ON true
