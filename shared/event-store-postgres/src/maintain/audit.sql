-- Counts the rows of every table and compares them with the books, in one statement, so in one snapshot. Each table is
-- read once and gives one row for each topic. The rows of a topic from all tables are then added up. Rows that were
-- pruned or deleted on purpose still count.
--
-- $1 largest number of differing topics to name
WITH tally AS MATERIALIZED (
  SELECT topic, sum(booked_stored) AS booked_stored, sum(booked_duplicates) AS booked_duplicates,
    sum(booked_conflicts) AS booked_conflicts, sum(booked_dead_lettered) AS booked_dead_lettered,
    sum(counted_stored) AS counted_stored, sum(counted_duplicates) AS counted_duplicates,
    sum(counted_conflicts) AS counted_conflicts, sum(counted_dead_lettered) AS counted_dead_lettered
  FROM (
    SELECT topic, sum(stored), sum(duplicates), sum(conflicts), sum(dead_lettered),
      0, sum(duplicates_pruned), sum(conflicts_pruned), sum(dead_letters_deleted)
    FROM topic_counters GROUP BY topic
    UNION ALL
    SELECT topic, 0, 0, 0, 0, count(*), 0, 0, 0 FROM events GROUP BY topic
    UNION ALL
    SELECT topic, 0, 0, 0, 0, 0, count(*), count(*) FILTER (WHERE is_conflict), 0 FROM duplicates GROUP BY topic
    UNION ALL
    SELECT coalesce(topic, ''), 0, 0, 0, 0, 0, 0, 0, sum(events) FROM dead_letters GROUP BY coalesce(topic, '')
  ) AS part (topic, booked_stored, booked_duplicates, booked_conflicts, booked_dead_lettered,
             counted_stored, counted_duplicates, counted_conflicts, counted_dead_lettered)
  GROUP BY topic
), differing AS MATERIALIZED (
  SELECT * FROM tally
  WHERE (booked_stored, booked_duplicates, booked_conflicts, booked_dead_lettered)
    <> (counted_stored, counted_duplicates, counted_conflicts, counted_dead_lettered)
)
SELECT to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS audited_at,
  count(*) AS topics_total,
  (SELECT json_build_object('stored', coalesce(sum(stored), 0), 'duplicates', coalesce(sum(duplicates), 0),
      'conflicts', coalesce(sum(conflicts), 0), 'deadLettered', coalesce(sum(dead_lettered), 0))
   FROM book_totals) AS booked,
  json_build_object(
    'stored', coalesce(sum(counted_stored), 0), 'duplicates', coalesce(sum(counted_duplicates), 0),
    'conflicts', coalesce(sum(counted_conflicts), 0), 'deadLettered', coalesce(sum(counted_dead_lettered), 0)) AS counted,
  (SELECT json_build_object('duplicates', coalesce(sum(duplicates), 0), 'conflicts', coalesce(sum(conflicts), 0))
   FROM source_counters) AS by_source,
  (SELECT count(*) FROM differing) AS differences_total,
  (SELECT coalesce(json_agg(json_build_object(
      'topic', topic,
      'booked', json_build_object('stored', booked_stored, 'duplicates', booked_duplicates,
        'conflicts', booked_conflicts, 'deadLettered', booked_dead_lettered),
      'counted', json_build_object('stored', counted_stored, 'duplicates', counted_duplicates,
        'conflicts', counted_conflicts, 'deadLettered', counted_dead_lettered)) ORDER BY topic), '[]')
   FROM (SELECT * FROM differing ORDER BY topic LIMIT $1::integer) AS first) AS differences
FROM tally
