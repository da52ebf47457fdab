-- Version 7: restores. Released: never edit this file.

-- What had left the log of that generation and is not in the backup; NULL: not known.
CREATE TABLE restores (
  restored_at timestamptz NOT NULL,
  backed_up_at timestamptz NOT NULL,
  generation text COLLATE "C",
  lost_frames bigint,
  lost_events bigint
);
