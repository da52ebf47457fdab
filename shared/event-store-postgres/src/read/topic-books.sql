-- The books of the topics in some ranges, in one statement, so in one snapshot. It adds up at most $5 topics, and reads
-- one more to know whether there are more.
--
-- $1 first texts of the ranges    $3 topic to show, or NULL for the busiest    $5 largest number of topics to add up
-- $2 ends of the ranges           $4 largest number of topics to show
WITH selected AS MATERIALIZED (
  SELECT books.* FROM unnest($1::text[], $2::text[]) AS range (first, before) CROSS JOIN LATERAL (
    SELECT topic, sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
      sum(dead_lettered) AS dead_lettered, max(last_processed_at) AS last_processed_at
    FROM topic_counters
    WHERE topic >= range.first COLLATE "C" AND topic < range.before COLLATE "C"
    GROUP BY topic ORDER BY topic LIMIT $5::integer + 1
  ) AS books
  LIMIT $5::integer + 1
), shown AS (
  SELECT * FROM selected WHERE $3::text IS NULL OR topic = $3::text
  ORDER BY stored + duplicates + dead_lettered DESC, topic LIMIT $4::integer
)
SELECT count(*) AS topics_total, coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicates,
  coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead_lettered), 0) AS dead_lettered,
  (SELECT coalesce(json_agg(json_build_object(
      'topic', topic, 'stored', stored, 'duplicates', duplicates, 'conflicts', conflicts,
      'deadLettered', dead_lettered,
      'lastProcessedAt', to_char(last_processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ) ORDER BY stored + duplicates + dead_lettered DESC, topic), '[]') FROM shown) AS by_topic
FROM selected
