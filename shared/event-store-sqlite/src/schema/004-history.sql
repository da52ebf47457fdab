-- Version 4: the movement of the books by minute. Released: never edit this file.

-- What the transactions of one minute added to book_totals. minute counts the minutes since 1970 (UTC). dead_lettered is
-- negative where more dead letters were redriven than written. unlisted is the number of events whose topics have no row in
-- topic_history.
CREATE TABLE history (
  minute INTEGER PRIMARY KEY,
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  unlisted INTEGER NOT NULL
) STRICT;

-- The same by topic, for at most 50 topics of each minute. A topic that has a row has it since its first event of the
-- minute, so the row is complete.
CREATE TABLE topic_history (
  minute INTEGER NOT NULL,
  topic TEXT NOT NULL,
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  PRIMARY KEY (minute, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX topic_history_by_topic ON topic_history (topic, minute);

-- How often a service started in a minute.
CREATE TABLE starts (
  minute INTEGER NOT NULL,
  service TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (minute, service)
) STRICT, WITHOUT ROWID;
