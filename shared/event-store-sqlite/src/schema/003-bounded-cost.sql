-- Version 3: the books cost the same to read however many topics and sources there are, and a comparison with a stored
-- event costs the same however large that event is.

-- The sums over all topics and sources, changed in the transaction that changes their counters.
CREATE TABLE book_totals (
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  topics INTEGER NOT NULL,
  sources INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;
INSERT INTO book_totals
SELECT coalesce(sum(stored), 0), coalesce(sum(duplicates), 0), coalesce(sum(conflicts), 0), coalesce(sum(dead_lettered), 0),
  count(*), (SELECT count(DISTINCT source) FROM source_counters), 1
FROM topic_counters;

-- Leads to the busiest topics.
CREATE INDEX topic_counters_by_events ON topic_counters (stored + duplicates + dead_lettered DESC, topic);

-- One row for each source, where version 2 had one for each source and age. An index leads to the largest. age_0 to age_4
-- belong to the entries of AGE_BOUNDS_SECONDS, and age_5 to later duplicates.
ALTER TABLE source_counters RENAME TO source_counters_2;
CREATE TABLE source_counters (
  source TEXT NOT NULL PRIMARY KEY,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  age_0 INTEGER NOT NULL,
  age_1 INTEGER NOT NULL,
  age_2 INTEGER NOT NULL,
  age_3 INTEGER NOT NULL,
  age_4 INTEGER NOT NULL,
  age_5 INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO source_counters
SELECT source, sum(duplicates), sum(conflicts),
  sum(iif(age = 0, duplicates, 0)), sum(iif(age = 1, duplicates, 0)), sum(iif(age = 2, duplicates, 0)),
  sum(iif(age = 3, duplicates, 0)), sum(iif(age = 4, duplicates, 0)), sum(iif(age = 5, duplicates, 0))
FROM source_counters_2 GROUP BY source;
DROP TABLE source_counters_2;
CREATE INDEX source_counters_by_duplicates ON source_counters (duplicates DESC, source);

-- The events of the frames that were applied from this generation of the log. A repeated frame adds none.
ALTER TABLE frame_counters ADD COLUMN events INTEGER NOT NULL DEFAULT 0;
UPDATE frame_counters
SET events = (SELECT coalesce(sum(events), 0) FROM frames WHERE frames.generation = frame_counters.generation);

-- A row for each event whose payload and attributes exceed 4 KiB together: all that its comparison with a duplicate needs.
-- SQLite keeps such an event in a chain of pages, and would read the whole chain to reach a column behind the payload.
-- The hashes are those of shared/json/src/canonical.ts. An event that was stored before this version gets its row with its
-- first duplicate.
CREATE TABLE large_events (
  id INTEGER PRIMARY KEY,
  processed_at TEXT NOT NULL,
  is_timestamp_filled INTEGER,
  payload_hash BLOB NOT NULL,
  attributes_hash BLOB NOT NULL
) STRICT;

-- Keys that the process made once and that every later process needs, such as the one that signs cursors.
CREATE TABLE secrets (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
