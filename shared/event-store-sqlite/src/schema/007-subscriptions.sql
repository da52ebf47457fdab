-- Version 7: durable subscriptions. Released: never edit this file.

-- A subscription stands behind the event with the id of its position. It has a topic, or a prefix of topics, or neither: all
-- topics.
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
