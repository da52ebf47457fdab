-- Version 5: the movement of the books by minute. Released: never edit this file.

-- The lock of position-base.ts. No batch is being applied while the tables change: it would lock them in another order.
SELECT pg_advisory_xact_lock(7305804402565173248);

-- What a slot added to its row of book_totals in a minute that has ended. minute counts the minutes since 1970 (UTC); it is
-- the one in which the transaction began. dead_lettered is negative where more dead letters were redriven than written.
-- unlisted is the number of events whose topics have no row in topic_history.
CREATE TABLE history (
  minute integer,
  slot integer,
  stored bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  conflicts bigint NOT NULL DEFAULT 0,
  dead_lettered bigint NOT NULL DEFAULT 0,
  unlisted bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, slot)
);

-- The same by topic, for the 50 busiest topics of each minute and slot.
CREATE TABLE topic_history (
  minute integer,
  slot integer,
  topic text COLLATE "C",
  stored bigint NOT NULL,
  duplicates bigint NOT NULL,
  conflicts bigint NOT NULL,
  dead_lettered bigint NOT NULL,
  PRIMARY KEY (minute, slot, topic)
);

CREATE INDEX topic_history_by_topic ON topic_history (topic, minute);

-- How often a service started in a minute.
CREATE TABLE starts (
  minute integer,
  service text COLLATE "C",
  count integer NOT NULL,
  PRIMARY KEY (minute, service)
);

CREATE FUNCTION minute_of(instant timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$ SELECT floor(date_part('epoch', instant) / 60)::integer $$;

-- The minute of the last transaction of a slot is open. Its movement has no rows of its own: it is what the counters have
-- more than when the slot opened the minute, and so costs a transaction nothing but these columns (docs/decisions/0010).
CREATE TYPE book_counts AS (stored bigint, duplicates bigint, conflicts bigint, dead_lettered bigint);

-- opening counts the minutes that the slot has opened. earlier are the counts before. A minute of 0 is not open.
ALTER TABLE book_totals
  ADD COLUMN minute integer NOT NULL DEFAULT 0,
  ADD COLUMN opening bigint NOT NULL DEFAULT 0,
  ADD COLUMN earlier book_counts NOT NULL DEFAULT ROW(0, 0, 0, 0)::book_counts;

-- opening is the one in which the topic moved last. earlier are its counts before that.
ALTER TABLE topic_counters
  ADD COLUMN opening bigint NOT NULL DEFAULT 0,
  ADD COLUMN earlier book_counts NOT NULL DEFAULT ROW(0, 0, 0, 0)::book_counts;
CREATE INDEX topic_counters_by_opening ON topic_counters (slot, opening);

-- Every statement that adds one of these counts to a topic keeps earlier by this function.
CREATE FUNCTION counts_before(books topic_counters, opening bigint) RETURNS book_counts
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN books.opening = counts_before.opening THEN books.earlier
              ELSE ROW(books.stored, books.duplicates, books.conflicts, books.dead_lettered)::book_counts END
$$;

-- The history with the minutes that are open.
CREATE VIEW whole_history AS
SELECT minute, slot, stored, duplicates, conflicts, dead_lettered, unlisted FROM history
UNION ALL
SELECT minute, slot, stored - (earlier).stored, duplicates - (earlier).duplicates, conflicts - (earlier).conflicts,
  dead_lettered - (earlier).dead_lettered, 0
FROM book_totals
WHERE minute > 0 AND ROW(stored, duplicates, conflicts, dead_lettered)::book_counts <> earlier;

CREATE VIEW whole_topic_history AS
SELECT minute, slot, topic, stored, duplicates, conflicts, dead_lettered FROM topic_history
UNION ALL
SELECT totals.minute, slot, books.topic, books.stored - (books.earlier).stored,
  books.duplicates - (books.earlier).duplicates, books.conflicts - (books.earlier).conflicts,
  books.dead_lettered - (books.earlier).dead_lettered
FROM book_totals AS totals JOIN topic_counters AS books USING (slot, opening)
WHERE totals.minute > 0;

-- Opens the present minute of a slot, and returns the number of the opening. Writes the rows of the minute that ends. If the
-- clock was set back, that minute may have rows already.
CREATE FUNCTION open_minute(own_slot integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
  new_opening bigint;
BEGIN
  WITH moved AS MATERIALIZED (
    SELECT *, stored + duplicates + abs(dead_lettered) AS events,
      row_number() OVER (ORDER BY stored + duplicates + abs(dead_lettered) DESC, topic) AS place
    FROM (
      SELECT totals.minute, books.topic, books.stored - (books.earlier).stored AS stored,
        books.duplicates - (books.earlier).duplicates AS duplicates,
        books.conflicts - (books.earlier).conflicts AS conflicts,
        books.dead_lettered - (books.earlier).dead_lettered AS dead_lettered
      FROM book_totals AS totals JOIN topic_counters AS books USING (slot, opening)
      WHERE totals.minute > 0 AND slot = own_slot
    ) AS movement
  ), listed AS (
    INSERT INTO topic_history AS books (minute, slot, topic, stored, duplicates, conflicts, dead_lettered)
    SELECT minute, own_slot, topic, stored, duplicates, conflicts, dead_lettered FROM moved WHERE place <= 50 AND events > 0
    ON CONFLICT (minute, slot, topic) DO UPDATE SET stored = books.stored + excluded.stored,
      duplicates = books.duplicates + excluded.duplicates, conflicts = books.conflicts + excluded.conflicts,
      dead_lettered = books.dead_lettered + excluded.dead_lettered
  )
  INSERT INTO history AS books (minute, slot, stored, duplicates, conflicts, dead_lettered, unlisted)
  SELECT minute, slot, stored - (earlier).stored, duplicates - (earlier).duplicates, conflicts - (earlier).conflicts,
    dead_lettered - (earlier).dead_lettered, (SELECT coalesce(sum(events), 0) FROM moved WHERE place > 50)
  FROM book_totals
  WHERE slot = own_slot AND minute > 0 AND ROW(stored, duplicates, conflicts, dead_lettered)::book_counts <> earlier
  ON CONFLICT (minute, slot) DO UPDATE SET stored = books.stored + excluded.stored,
    duplicates = books.duplicates + excluded.duplicates, conflicts = books.conflicts + excluded.conflicts,
    dead_lettered = books.dead_lettered + excluded.dead_lettered, unlisted = books.unlisted + excluded.unlisted;

  INSERT INTO book_totals AS books (slot, stored, duplicates, conflicts, dead_lettered, topics, sources, minute, opening)
  VALUES (own_slot, 0, 0, 0, 0, 0, 0, minute_of(now()), 1)
  ON CONFLICT (slot) DO UPDATE SET minute = excluded.minute, opening = books.opening + 1,
    earlier = ROW(books.stored, books.duplicates, books.conflicts, books.dead_lettered)::book_counts
  RETURNING opening INTO new_opening;
  RETURN new_opening;
END
$function$;
