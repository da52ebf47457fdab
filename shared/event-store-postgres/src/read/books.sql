-- The books in one statement, so in one snapshot. It reads a row of totals for each slot, the counters of the topics
-- and sources that are candidates, and the ledger rows of the frames that the log holds. None of these grows with the
-- number of events, topics or sources.
--
-- The candidates are the busiest by magnitude, 1,000 more than requested. The list is exact while there are no more
-- topics than candidates (docs/decisions/0003 describes the error beyond that).
--
-- $1 topic, or NULL for all      $4 first sequences of what is not gone from the log: runs that it holds, and all to come
-- $2 largest number of topics    $5 last sequences of the same
-- $3 largest number of sources   $6 generation of the log    $7 last sequence of the log
WITH candidates AS MATERIALIZED (
  (SELECT topic FROM topics WHERE $1::text IS NULL
   ORDER BY magnitude DESC, topic LIMIT CASE WHEN $2::integer > 0 THEN $2::integer + 1000 ELSE 0 END)
  UNION ALL
  SELECT $1::text COLLATE "C" WHERE $1::text IS NOT NULL
), shown AS (
  SELECT candidates.topic, counted.* FROM candidates CROSS JOIN LATERAL (
    SELECT sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
      sum(dead_lettered) AS dead_lettered, max(last_processed_at) AS last_processed_at
    FROM topic_counters AS books WHERE books.topic = candidates.topic
  ) AS counted
  WHERE counted.stored IS NOT NULL
  ORDER BY stored + duplicates + dead_lettered DESC, topic LIMIT $2::integer
), source_candidates AS MATERIALIZED (
  SELECT source FROM sources
  ORDER BY magnitude DESC, source LIMIT CASE WHEN $3::integer > 0 THEN $3::integer + 1000 ELSE 0 END
), shown_sources AS (
  SELECT source_candidates.source, counted.* FROM source_candidates CROSS JOIN LATERAL (
    SELECT sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
      ARRAY[ -- an entry for each of AGE_BOUNDS_SECONDS, and one for later
        coalesce(sum(duplicates) FILTER (WHERE age = 0), 0),
        coalesce(sum(duplicates) FILTER (WHERE age = 1), 0),
        coalesce(sum(duplicates) FILTER (WHERE age = 2), 0),
        coalesce(sum(duplicates) FILTER (WHERE age = 3), 0),
        coalesce(sum(duplicates) FILTER (WHERE age = 4), 0),
        coalesce(sum(duplicates) FILTER (WHERE age = 5), 0)
      ] AS ages
    FROM source_counters AS books WHERE books.source = source_candidates.source
  ) AS counted
  ORDER BY duplicates DESC, source LIMIT $3::integer
), present AS MATERIALIZED (
  SELECT coalesce(sum(found.events), 0) AS held_events, coalesce(sum(found.frames), 0) AS frames
  FROM unnest($4::bigint[], $5::bigint[]) AS run (first, last), LATERAL (
    SELECT sum(events) FILTER (WHERE sequence <= $7::bigint) AS events, count(*) AS frames FROM (
      SELECT sequence, events FROM frames
      WHERE generation = $6::text AND sequence BETWEEN run.first AND run.last
      UNION ALL
      -- Repetitions count like frames, because the log holds their events, which the books will not count again.
      SELECT sequence, events FROM repeated_frames
      WHERE generation = $6::text AND sequence BETWEEN run.first AND run.last
    ) AS applied
  ) AS found
)
SELECT coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicates,
  coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead_lettered), 0) AS dead_lettered,
  coalesce(sum(topics), 0) AS topics_total,
  (SELECT coalesce(json_agg(json_build_object(
      'topic', topic, 'stored', stored, 'duplicates', duplicates, 'conflicts', conflicts,
      'deadLettered', dead_lettered,
      'lastProcessedAt', to_char(last_processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ) ORDER BY stored + duplicates + dead_lettered DESC, topic), '[]') FROM shown) AS by_topic,
  coalesce(sum(sources), 0) AS sources_total,
  (SELECT coalesce(json_agg(json_build_object(
      'source', source, 'duplicates', duplicates, 'conflicts', conflicts, 'ages', ages
    ) ORDER BY duplicates DESC, source), '[]') FROM shown_sources) AS by_source,
  (SELECT held_events FROM present) AS applied_held_events,
  (SELECT coalesce(sum(frames), 0) FROM frame_counters WHERE generation = $6::text)
    - (SELECT frames FROM present) AS applied_gone_frames,
  (SELECT coalesce(sum(events), 0) FROM frame_counters WHERE generation = $6::text) AS applied_events,
  (SELECT json_build_object('frames', coalesce(sum(lost_frames), 0), 'events', coalesce(sum(lost_events), 0))
   FROM restores WHERE generation = $6::text) AS lost,
  (SELECT json_build_object(
      'restoredAt', to_char(restored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'backedUpAt', to_char(max(backed_up_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'lostFrames', CASE WHEN count(*) = count(lost_frames) THEN sum(lost_frames) END,
      'lostEvents', CASE WHEN count(*) = count(lost_events) THEN sum(lost_events) END)
   FROM restores GROUP BY restored_at ORDER BY restored_at DESC LIMIT 1) AS last_restore,
  (SELECT report FROM last_audit) AS last_audit
FROM book_totals
