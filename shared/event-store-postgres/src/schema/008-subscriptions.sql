-- Version 8: durable subscriptions. Released: never edit this file.

-- A subscription stands behind the event at (tx, ord). It has a topic, or a prefix of topics, or neither: all topics.
CREATE TABLE subscriptions (
  name text COLLATE "C" PRIMARY KEY,
  topic text COLLATE "C",
  topic_prefix text COLLATE "C",
  tx bigint NOT NULL,
  ord integer NOT NULL,
  acknowledged bigint NOT NULL DEFAULT 0,
  last_page text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (topic IS NULL OR topic_prefix IS NULL)
);
