-- A page of topics with their books, in the order of their bytes, in one statement, so in one snapshot. It examines the
-- names of at most $6 topics of each range, and reads the counters of those that the page shows.
--
-- $1 first texts of the ranges    $3 topic behind which the page begins, or NULL    $5 largest number of topics to show
-- $2 ends of the ranges           $4 text that a name contains, or NULL             $6 largest number of topics to examine
WITH examined AS MATERIALIZED (
  SELECT names.topic FROM unnest($1::text[], $2::text[]) AS range (first, before) CROSS JOIN LATERAL (
    SELECT topic FROM topics
    -- One comparison finds the beginning in the index: a second one with $3 would walk there from the first topic.
    WHERE topic >= greatest(range.first COLLATE "C", coalesce($3::text, '') COLLATE "C")
      AND topic < range.before COLLATE "C" AND topic IS DISTINCT FROM $3::text COLLATE "C"
    ORDER BY topic LIMIT $6::integer
  ) AS names
  ORDER BY names.topic LIMIT $6::integer
), shown AS (
  SELECT found.topic, counted.* FROM (
    SELECT topic FROM examined
    WHERE $4::text IS NULL OR position(lower($4::text COLLATE "C") IN lower(topic COLLATE "C")) > 0
    ORDER BY topic LIMIT $5::integer
  ) AS found CROSS JOIN LATERAL (
    SELECT sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
      sum(dead_lettered) AS dead_lettered, max(last_processed_at) AS last_processed_at
    FROM topic_counters AS books WHERE books.topic = found.topic
  ) AS counted
)
SELECT (SELECT coalesce(json_agg(json_build_object(
      'topic', topic, 'stored', stored, 'duplicates', duplicates, 'conflicts', conflicts,
      'deadLettered', dead_lettered,
      'lastProcessedAt', to_char(last_processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ) ORDER BY topic), '[]') FROM shown) AS topics,
  (SELECT CASE WHEN count(*) = $6::integer THEN max(topic) END FROM examined) AS examined_to
