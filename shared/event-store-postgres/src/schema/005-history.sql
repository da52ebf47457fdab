-- Version 5: the movement of the books by minute. Released: never edit this file.

-- The lock of position-base.ts. No batch is being applied while the triggers are made: it would lock the same tables in
-- another order.
SELECT pg_advisory_xact_lock(7305804402565173248);

-- What a slot added to its row of book_totals in one minute. minute counts the minutes since 1970 (UTC); it is the one in
-- which the transaction began. dead_lettered is negative where more dead letters were redriven than written. unlisted is the
-- number of events whose topics have no row in topic_history.
CREATE TABLE history (
  minute integer,
  slot integer,
  stored bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  conflicts bigint NOT NULL DEFAULT 0,
  dead_lettered bigint NOT NULL DEFAULT 0,
  unlisted bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, slot)
) WITH (fillfactor = 50);

-- The same by topic, for at most 50 topics of each minute and slot. A topic that has a row has it since its first event of
-- the minute, so the row is complete.
CREATE TABLE topic_history (
  minute integer,
  slot integer,
  topic text COLLATE "C",
  stored bigint NOT NULL,
  duplicates bigint NOT NULL,
  conflicts bigint NOT NULL,
  dead_lettered bigint NOT NULL,
  PRIMARY KEY (minute, slot, topic)
) WITH (fillfactor = 50);

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

-- The history is written by triggers, so that it is the movement of the books by construction, whichever statement or
-- release changes them (docs/decisions/0010).

CREATE FUNCTION add_to_history() RETURNS trigger
LANGUAGE plpgsql
AS $function$
DECLARE
  before book_totals;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    before := OLD;
  END IF;
  INSERT INTO history AS books (minute, slot, stored, duplicates, conflicts, dead_lettered)
  VALUES (minute_of(now()), NEW.slot, NEW.stored - coalesce(before.stored, 0),
    NEW.duplicates - coalesce(before.duplicates, 0), NEW.conflicts - coalesce(before.conflicts, 0),
    NEW.dead_lettered - coalesce(before.dead_lettered, 0))
  ON CONFLICT (minute, slot) DO UPDATE SET stored = books.stored + excluded.stored,
    duplicates = books.duplicates + excluded.duplicates, conflicts = books.conflicts + excluded.conflicts,
    dead_lettered = books.dead_lettered + excluded.dead_lettered;
  RETURN NULL;
END
$function$;

CREATE TRIGGER add_to_history AFTER INSERT OR UPDATE ON book_totals
FOR EACH ROW EXECUTE FUNCTION add_to_history();

CREATE TYPE topic_movement AS (
  slot integer, topic text COLLATE "C", stored bigint, duplicates bigint, conflicts bigint, dead_lettered bigint
);

CREATE FUNCTION add_to_topic_history() RETURNS trigger
LANGUAGE plpgsql
AS $function$
DECLARE
  this_minute integer := minute_of(now());
  added bigint;
  others topic_movement[]; -- those of topics without a row in this minute
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- An INSERT ... ON CONFLICT DO UPDATE fires this trigger as well, usually with no row.
    IF NOT EXISTS (SELECT FROM counters_after) THEN
      RETURN NULL;
    END IF;
    SELECT array_agg(ROW(slot, topic, stored, duplicates, conflicts, dead_lettered)::topic_movement) INTO others
    FROM counters_after WHERE (stored, duplicates, dead_lettered) <> (0, 0, 0);
  ELSE
    -- The usual case: every topic has its row.
    UPDATE topic_history AS books SET stored = books.stored + later.stored - earlier.stored,
      duplicates = books.duplicates + later.duplicates - earlier.duplicates,
      conflicts = books.conflicts + later.conflicts - earlier.conflicts,
      dead_lettered = books.dead_lettered + later.dead_lettered - earlier.dead_lettered
    FROM counters_after AS later JOIN counters_before AS earlier USING (topic, slot)
    WHERE books.minute = this_minute AND books.slot = later.slot AND books.topic = later.topic;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added = (SELECT count(*) FROM counters_after) THEN
      RETURN NULL;
    END IF;
    SELECT array_agg(ROW(slot, topic, later.stored - earlier.stored, later.duplicates - earlier.duplicates,
      later.conflicts - earlier.conflicts, later.dead_lettered - earlier.dead_lettered)::topic_movement) INTO others
    FROM counters_after AS later JOIN counters_before AS earlier USING (topic, slot)
    WHERE (later.stored, later.duplicates, later.dead_lettered)
        <> (earlier.stored, earlier.duplicates, earlier.dead_lettered)
      AND NOT EXISTS (
        SELECT FROM topic_history AS books
        WHERE books.minute = this_minute AND books.slot = later.slot AND books.topic = later.topic);
  END IF;
  IF others IS NULL THEN
    RETURN NULL;
  END IF;

  -- They get a row while their slot has fewer than 50 in this minute, the busiest of the statement first.
  WITH present AS MATERIALIZED (
    SELECT slot, count(*) AS topics FROM topic_history
    WHERE minute = this_minute AND slot = ANY (ARRAY(SELECT DISTINCT slot FROM unnest(others))) GROUP BY slot
  ), ranked AS (
    SELECT *, stored + duplicates + dead_lettered AS events, row_number() OVER (
        PARTITION BY slot ORDER BY stored + duplicates + dead_lettered DESC, topic
      ) AS place
    FROM unnest(others)
  ), decided AS MATERIALIZED (
    SELECT ranked.*, place <= 50 - coalesce(present.topics, 0) AS is_listed FROM ranked LEFT JOIN present USING (slot)
  ), listed AS (
    INSERT INTO topic_history (minute, slot, topic, stored, duplicates, conflicts, dead_lettered)
    SELECT this_minute, slot, topic, stored, duplicates, conflicts, dead_lettered FROM decided WHERE is_listed
  )
  INSERT INTO history AS books (minute, slot, unlisted)
  SELECT this_minute, slot, sum(events) FROM decided WHERE NOT is_listed GROUP BY slot ORDER BY slot
  ON CONFLICT (minute, slot) DO UPDATE SET unlisted = books.unlisted + excluded.unlisted;
  RETURN NULL;
END
$function$;

-- A trigger with tables of the rows before and after is for one kind of statement.
CREATE TRIGGER add_inserted_to_topic_history AFTER INSERT ON topic_counters
REFERENCING NEW TABLE AS counters_after FOR EACH STATEMENT EXECUTE FUNCTION add_to_topic_history();

CREATE TRIGGER add_updated_to_topic_history AFTER UPDATE ON topic_counters
REFERENCING OLD TABLE AS counters_before NEW TABLE AS counters_after
FOR EACH STATEMENT EXECUTE FUNCTION add_to_topic_history();
