-- Version 2: the same tables, with the names that the API, the code and the documents use.
ALTER TABLE topics RENAME TO topic_counters;
ALTER TABLE topic_counters RENAME COLUMN unique_events TO stored;

ALTER TABLE frames RENAME COLUMN incarnation TO generation;
ALTER TABLE frame_copies RENAME TO repeated_frames;
ALTER TABLE repeated_frames RENAME COLUMN incarnation TO generation;
ALTER TABLE frame_counters RENAME COLUMN incarnation TO generation;

-- A quotation mark inside a JSON string is escaped, so this text can only be a key.
UPDATE last_audit SET report = replace(report, '"unique":', '"stored":');
