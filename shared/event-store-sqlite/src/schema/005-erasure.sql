-- Version 5: payloads expire, single events are erased, and only so many conflicts of an event are kept in full. Released:
-- never edit this file.

-- When an event was erased. Its payload and attributes are NULL then, and its source is empty.
ALTER TABLE events ADD COLUMN erased_at TEXT;

-- The id of the last event that the expiry of payloads has passed.
CREATE TABLE payload_expiry (
  position INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;
INSERT INTO payload_expiry (position, only_row) VALUES (0, 1);

-- An empty source is that of the stored event. A duplicate that is no conflict has the same one, so it is not written twice,
-- and erasing the event leaves nothing of it here.
UPDATE duplicates SET source = '' WHERE NOT is_conflict;

-- Leads to the conflicts of an event: those whose content is kept, and those that an erasure has not reached.
CREATE INDEX conflicts_kept ON duplicates (topic, event_id) WHERE payload IS NOT NULL;
CREATE INDEX conflicts_with_source ON duplicates (topic, event_id) WHERE is_conflict AND source <> '';
