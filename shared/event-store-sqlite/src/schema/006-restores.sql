-- Version 6: restores. Released: never edit this file.

-- A backup has a row without restored_at, which the service completes when it opens the restored file. first_id is the id of
-- the first event that is stored after the restore, and position_base is added to that id and later ones to get positions
-- beyond all that were handed out before. Rows of another store have neither.
-- lost_frames and lost_events are what had left the log of the generation and is not in the backup; NULL: not known.
CREATE TABLE restores (
  backed_up_at TEXT NOT NULL,
  restored_at TEXT,
  generation TEXT,
  lost_frames INTEGER,
  lost_events INTEGER,
  first_id INTEGER,
  position_base INTEGER
) STRICT;

-- The number of duplicates that were counted before the row with id 1: those that were pruned before an import.
CREATE TABLE duplicate_ids (
  before_first INTEGER NOT NULL,
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;

INSERT INTO duplicate_ids (before_first, only_row) VALUES (0, 1);
