-- One step of pruning the history. The primary keys lead to the oldest minutes. The open minute of a slot that no connection
-- uses any more is closed without a row. That of a slot whose row is locked is in use.
--
-- $1 first minute that stays    $2 number of rows to delete in each table    $3 lock
WITH permitted AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock($3::bigint) AS is_permitted
), unused AS (
  SELECT slot FROM book_totals
  WHERE (SELECT is_permitted FROM permitted) AND minute > 0 AND minute < $1::integer
  FOR NO KEY UPDATE SKIP LOCKED
), closed AS (
  UPDATE book_totals SET minute = 0 WHERE slot IN (SELECT slot FROM unused) RETURNING 1
), pruned AS (
  DELETE FROM history WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM history WHERE (SELECT is_permitted FROM permitted) AND minute < $1::integer
    ORDER BY minute, slot LIMIT $2::integer)) RETURNING 1
), pruned_topics AS (
  DELETE FROM topic_history WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM topic_history WHERE (SELECT is_permitted FROM permitted) AND minute < $1::integer
    ORDER BY minute, slot, topic LIMIT $2::integer)) RETURNING 1
), pruned_starts AS (
  DELETE FROM starts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM starts WHERE (SELECT is_permitted FROM permitted) AND minute < $1::integer
    ORDER BY minute, service LIMIT $2::integer)) RETURNING 1
)
SELECT (SELECT count(*) FROM pruned) + (SELECT count(*) FROM pruned_topics) + (SELECT count(*) FROM pruned_starts) AS pruned
