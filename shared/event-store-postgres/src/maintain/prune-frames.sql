-- One step of pruning the ledger. The index finds the oldest frames of this generation of the log, and those of other
-- generations, which no longer exist and deliver nothing.
--
-- $1 prune frames applied before    $2 generation of the log    $3 first sequence that the log holds
-- $4 number of rows to read         $5 lock
WITH permitted AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock($5::bigint) AS is_permitted
), pruned AS (
  DELETE FROM frames WHERE processed_at < $1::timestamptz AND ctid = ANY (ARRAY(
    SELECT place FROM (
      (SELECT ctid AS place, processed_at FROM frames
       WHERE (SELECT is_permitted FROM permitted) AND generation = $2::text AND sequence < $3::bigint
       ORDER BY generation, sequence LIMIT $4::integer)
      UNION ALL
      (SELECT ctid, processed_at FROM frames
       WHERE (SELECT is_permitted FROM permitted) AND generation < $2::text
       ORDER BY generation, sequence LIMIT $4::integer)
      UNION ALL
      (SELECT ctid, processed_at FROM frames
       WHERE (SELECT is_permitted FROM permitted) AND generation > $2::text
       ORDER BY generation, sequence LIMIT $4::integer)
    ) AS oldest WHERE processed_at < $1::timestamptz
  )) RETURNING 1
), pruned_repetitions AS (
  DELETE FROM repeated_frames WHERE processed_at < $1::timestamptz AND ctid = ANY (ARRAY(
    SELECT place FROM (
      (SELECT ctid AS place, processed_at FROM repeated_frames
       WHERE (SELECT is_permitted FROM permitted) AND generation = $2::text AND sequence < $3::bigint
       ORDER BY generation, sequence LIMIT $4::integer)
      UNION ALL
      (SELECT ctid, processed_at FROM repeated_frames
       WHERE (SELECT is_permitted FROM permitted) AND generation < $2::text
       ORDER BY generation, sequence LIMIT $4::integer)
      UNION ALL
      (SELECT ctid, processed_at FROM repeated_frames
       WHERE (SELECT is_permitted FROM permitted) AND generation > $2::text
       ORDER BY generation, sequence LIMIT $4::integer)
    ) AS oldest WHERE processed_at < $1::timestamptz
  )) RETURNING 1
)
SELECT (SELECT count(*) FROM pruned) + (SELECT count(*) FROM pruned_repetitions) AS pruned
