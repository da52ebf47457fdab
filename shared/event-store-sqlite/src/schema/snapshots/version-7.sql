CREATE TABLE book_totals (
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  topics INTEGER NOT NULL,
  sources INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;

CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    frame_id TEXT NOT NULL,
    -- Which of the frame's events it is, from 0; NULL for a whole frame.
    ordinal INTEGER,
    -- NULL where it could not be read.
    topic TEXT,
    events INTEGER NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    dead_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    content TEXT NOT NULL
  ) STRICT;

CREATE TABLE duplicate_ids (
  before_first INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;

CREATE TABLE duplicates (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    event_id TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at TEXT NOT NULL,
    first_processed_at TEXT NOT NULL,
    is_conflict INTEGER NOT NULL,
    timestamp TEXT,
    payload TEXT,
    attributes TEXT
  ) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    event_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    source TEXT NOT NULL,
    payload TEXT CHECK (json_valid(payload)),
    attributes TEXT CHECK (json_valid(attributes)),
    processed_at TEXT NOT NULL,
    payload_expired_at TEXT,
    -- 1 where the producer gave no time, else NULL.
    is_timestamp_filled INTEGER, erased_at TEXT,
    UNIQUE (topic, event_id)
  ) STRICT;

CREATE TABLE frame_counters (
    generation TEXT NOT NULL PRIMARY KEY,
    frames INTEGER NOT NULL
  , events INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE frames (
    frame_id TEXT NOT NULL PRIMARY KEY,
    generation TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    events INTEGER NOT NULL,
    verdicts TEXT NOT NULL,
    processed_at TEXT NOT NULL
  ) STRICT;

CREATE TABLE history (
  minute INTEGER PRIMARY KEY,
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  unlisted INTEGER NOT NULL
) STRICT;

CREATE TABLE large_events (
  id INTEGER PRIMARY KEY,
  processed_at TEXT NOT NULL,
  is_timestamp_filled INTEGER,
  payload_hash BLOB NOT NULL,
  attributes_hash BLOB NOT NULL
) STRICT;

CREATE TABLE last_audit (
    report TEXT NOT NULL,
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
  ) STRICT;

CREATE TABLE payload_expiry (
  position INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;

CREATE TABLE "repeated_frames" (
    generation TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    frame_id TEXT NOT NULL,
    events INTEGER NOT NULL,
    processed_at TEXT NOT NULL,
    PRIMARY KEY (generation, sequence)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE restores (
  backed_up_at TEXT NOT NULL,
  restored_at TEXT,
  generation TEXT,
  lost_frames INTEGER,
  lost_events INTEGER,
  first_id INTEGER,
  position_base INTEGER
) STRICT;

CREATE TABLE secrets (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE starts (
  minute INTEGER NOT NULL,
  service TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (minute, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  name TEXT PRIMARY KEY,
  topic TEXT,
  topic_prefix TEXT,
  position INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  last_page TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK (topic IS NULL OR topic_prefix IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE "topic_counters" (
    topic TEXT NOT NULL PRIMARY KEY,
    stored INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    dead_lettered INTEGER NOT NULL,
    last_processed_at TEXT NOT NULL,
    -- Of those above, what is no longer on record: a recount needs it.
    duplicates_pruned INTEGER NOT NULL DEFAULT 0,
    conflicts_pruned INTEGER NOT NULL DEFAULT 0,
    dead_letters_deleted INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;

CREATE TABLE topic_history (
  minute INTEGER NOT NULL,
  topic TEXT NOT NULL,
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  dead_lettered INTEGER NOT NULL,
  PRIMARY KEY (minute, topic)
) STRICT, WITHOUT ROWID;

CREATE INDEX conflicts_kept ON duplicates (topic, event_id) WHERE payload IS NOT NULL;

CREATE INDEX conflicts_with_source ON duplicates (topic, event_id) WHERE is_conflict AND source <> '';

CREATE INDEX dead_letters_by_topic ON dead_letters (topic);

CREATE INDEX events_by_topic ON events (topic);

CREATE INDEX frames_by_origin ON frames (generation, sequence);

CREATE INDEX source_counters_by_duplicates ON source_counters (duplicates DESC, source);

CREATE INDEX topic_counters_by_events ON topic_counters (stored + duplicates + dead_lettered DESC, topic);

CREATE INDEX topic_history_by_topic ON topic_history (topic, minute);
