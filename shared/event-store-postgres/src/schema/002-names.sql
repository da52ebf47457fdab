-- Version 2: the names of today's vocabulary. Version 3 has the function that uses them. Released: never edit this file.

ALTER TABLE counters RENAME TO topic_counters;
ALTER TABLE topic_counters RENAME COLUMN unique_events TO stored;
ALTER TABLE topic_counters RENAME COLUMN dead TO dead_lettered;
ALTER TABLE topic_counters RENAME COLUMN dead_deleted TO dead_letters_deleted;
ALTER INDEX counters_pkey RENAME TO topic_counters_pkey;

ALTER TABLE frame_copies RENAME TO repeated_frames;
ALTER TABLE repeated_frames RENAME COLUMN incarnation TO generation;
ALTER INDEX frame_copies_pkey RENAME TO repeated_frames_pkey;

ALTER TABLE frames RENAME COLUMN incarnation TO generation;
ALTER INDEX frames_by_sequence RENAME TO frames_by_origin;

ALTER TABLE frame_counters RENAME COLUMN incarnation TO generation;

-- Inside a JSON string a quote is escaped, so this text is only ever a key.
UPDATE last_audit SET report = replace(report::text, '"unique":', '"stored":')::json;
