-- Version 1: the tables of commit 43a838b. Released: never edit this file, add a migration.

-- Identity is a matter of bytes, and an index in "C" order survives a change of the collations of the system.
-- payload: json keeps the text of the producer to the digit (docs/decisions/0001). NULL: it has expired (0004).
CREATE TABLE events (
  tx bigint NOT NULL,
  processed_at timestamptz NOT NULL,
  "timestamp" timestamptz NOT NULL,
  ord integer NOT NULL,
  topic text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  payload json CHECK (json_typeof(payload) = 'object'),
  attributes json CHECK (json_typeof(attributes) = 'object'),
  payload_expired_at timestamptz,
  is_timestamp_filled boolean, -- true where the producer gave no time; else NULL, which takes no room
  PRIMARY KEY (topic, event_id)
);

CREATE INDEX events_by_position ON events (tx, ord);

CREATE INDEX events_by_topic_and_position ON events (topic, tx, ord);

CREATE TABLE duplicates (
  tx bigint NOT NULL,
  received_at timestamptz NOT NULL,
  first_processed_at timestamptz NOT NULL,
  ord integer NOT NULL,
  is_conflict boolean NOT NULL,
  topic text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  "timestamp" timestamptz,
  payload json,
  attributes json,
  PRIMARY KEY (tx, ord)
);

-- The ledger. Its key is the id of the frame, because a log that is created again counts its sequences from 1 again.
CREATE TABLE frames (
  frame_id uuid PRIMARY KEY,
  sequence bigint NOT NULL,
  tx bigint NOT NULL,
  received_at timestamptz NOT NULL,
  processed_at timestamptz NOT NULL,
  events integer NOT NULL,
  incarnation text COLLATE "C" NOT NULL,
  verdicts text COLLATE "C" NOT NULL
);

CREATE INDEX frames_by_sequence ON frames (incarnation, sequence);

-- Further places in the log of a frame that the ledger knows. They add no event to the books.
CREATE TABLE frame_copies (
  incarnation text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  frame_id uuid NOT NULL,
  events integer NOT NULL,
  processed_at timestamptz NOT NULL,
  PRIMARY KEY (incarnation, sequence)
);

-- One row for each slot and topic (docs/decisions/0003). Half-empty pages keep the updates inside their page.
CREATE TABLE counters (
  slot integer NOT NULL,
  topic text COLLATE "C" NOT NULL,
  unique_events bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  conflicts bigint NOT NULL DEFAULT 0,
  dead bigint NOT NULL DEFAULT 0,
  last_processed_at timestamptz NOT NULL,
  -- Of those above, what is no longer on record: a recount needs it.
  duplicates_pruned bigint NOT NULL DEFAULT 0,
  conflicts_pruned bigint NOT NULL DEFAULT 0,
  dead_deleted bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (slot, topic)
) WITH (fillfactor = 50);

-- Duplicates by source and age. age is the first of AGE_BOUNDS_SECONDS that the duplicate came within, from 0.
CREATE TABLE source_counters (
  slot integer NOT NULL,
  source text COLLATE "C" NOT NULL,
  age smallint NOT NULL,
  duplicates bigint NOT NULL,
  conflicts bigint NOT NULL,
  PRIMARY KEY (slot, source, age)
) WITH (fillfactor = 50);

-- The number of places of a log that have a row in frames or frame_copies, or had one before it was pruned.
CREATE TABLE frame_counters (
  slot integer NOT NULL,
  incarnation text COLLATE "C" NOT NULL,
  frames bigint NOT NULL,
  PRIMARY KEY (slot, incarnation)
) WITH (fillfactor = 50);

-- content is bytea, because a text that PostgreSQL cannot hold is one of the reasons to be a dead letter.
CREATE TABLE dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL,
  dead_at timestamptz NOT NULL,
  events integer NOT NULL,
  attempts integer NOT NULL,
  ordinal integer, -- which of the frame's events it is, from 0; NULL for a whole frame
  frame_id uuid NOT NULL,
  topic text COLLATE "C", -- NULL where it could not be read
  code text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  content bytea NOT NULL
);

CREATE INDEX dead_letters_by_topic ON dead_letters (topic, id);

-- The last audit, as GET /audit answered it.
CREATE TABLE last_audit (
  report json NOT NULL,
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);

-- The number that transaction ids are added to (position-base.ts).
CREATE TABLE positions (
  base bigint NOT NULL,
  history text NOT NULL,
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);

INSERT INTO positions (base, history) SELECT 0, (SELECT system_identifier::text FROM pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);

-- A duplicate on its way from the statement that finds it to the statement that compares it.
CREATE TYPE event_copy AS (
  topic text COLLATE "C", event_id text COLLATE "C", "timestamp" timestamptz, source text COLLATE "C",
  payload json, attributes json, is_timestamp_filled boolean, ordinal bigint
);

CREATE FUNCTION apply_frames_1(
  frame_ids uuid[],
  incarnations text[],
  sequences bigint[],
  event_counts integer[],
  receipt_times timestamptz[],
  body_count integer,       -- how many of the frames have a body in the batch; the rest repeat one of those
  starts bigint[],          -- the ordinal of each body's first event, and at the end the one behind them all
  batch json,
  slot_number integer,
  max_named integer,
  letter_frames integer[],  -- dead letters, sorted: whose body of the batch each was found in
  letter_ordinals bigint[], -- of an event, which is {} in the batch; NULL for a whole frame, whose body is empty there
  letter_topics text[],
  letter_codes text[],
  letter_reasons text[],
  letter_contents bytea[],
  OUT is_new boolean[],
  OUT frame_verdicts text[],
  OUT dropped json
)
LANGUAGE plpgsql VOLATILE
-- A plan cached while the tables were small must not scan them once they are large.
SET enable_seqscan = off
-- PostgreSQL finds plans made for the values at hand a little cheaper, and plans every statement anew at every call.
SET plan_cache_mode = force_generic_plan
-- Before PostgreSQL 18 that setting makes the one-row table look so dear that every call would be compiled: half the speed.
SET jit = off
AS $function$
DECLARE
  processed timestamptz;
  position_tx bigint;
  are_all_new boolean;
  expected bigint;
  stored_count bigint;
  copies event_copy[];
  dropped_count bigint := 0;
  buried bigint[];
  buried_ordinal bigint;
  dead_count bigint := 0;
  verdicts_so_far bytea;
  ledger_count bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7305804402565173248);
  SELECT base + pg_current_xact_id()::text::bigint, clock_timestamp() INTO STRICT position_tx, processed FROM positions;

  SELECT array_agg(ledger.frame_id IS NULL ORDER BY given.n), bool_and(ledger.frame_id IS NULL),
         coalesce(sum(event_counts[given.n]) FILTER (WHERE ledger.frame_id IS NULL), 0)
  INTO is_new, are_all_new, expected
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.frame_id FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;

  IF true = ANY (is_new) THEN
    IF cardinality(letter_frames) > 0 THEN
      
      SELECT array_agg(ordinal ORDER BY ordinal) INTO buried
      FROM unnest(letter_frames, letter_ordinals) AS letter (frame, ordinal)
      WHERE is_new[frame] AND ordinal IS NOT NULL;
    END IF;
    
    WITH copy AS MATERIALIZED (
      SELECT topic, event_id, "timestamp", source, coalesce(payload, '{}') AS payload, attributes,
        is_timestamp_filled, ordinal
      FROM ROWS FROM (json_to_recordset(batch) AS (
        topic text COLLATE "C", event_id text COLLATE "C", "timestamp" timestamptz, source text COLLATE "C",
        payload json, attributes json, is_timestamp_filled boolean
      )) WITH ORDINALITY
        AS given (topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, ordinal)
      WHERE (are_all_new OR is_new[width_bucket(ordinal, starts)])
        AND (buried IS NULL OR buried[width_bucket(ordinal, buried)] IS DISTINCT FROM ordinal)
    ), stored AS (
      INSERT INTO events (topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, processed_at,
                          tx, ord)
      SELECT topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, processed, position_tx,
        ordinal
      FROM copy ORDER BY topic, event_id, ordinal
      ON CONFLICT (topic, event_id) DO NOTHING
      RETURNING topic, ord
    ), counted AS (
      INSERT INTO counters AS books (slot, topic, unique_events, last_processed_at)
      SELECT slot_number, topic, count(*), processed FROM stored GROUP BY topic ORDER BY topic
      ON CONFLICT (slot, topic) DO UPDATE SET unique_events = books.unique_events + excluded.unique_events,
        last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
    )
    SELECT (SELECT count(*) FROM stored), (
        SELECT array_agg(ROW(copy.*)::event_copy) FROM copy LEFT JOIN stored ON ord = ordinal WHERE ord IS NULL
      )
    INTO stored_count, copies;
    IF copies IS NOT NULL THEN
      
      -- A statement of its own: the one above waited for a concurrent copy to commit, but its snapshot is older.
      WITH judged AS MATERIALIZED (
        SELECT copy.*, receipt_times[width_bucket(ordinal, starts)] AS received_at,
          first.processed_at AS first_processed_at,
          copy.source <> first.source
            OR (copy."timestamp" <> first."timestamp"
                AND coalesce(copy.is_timestamp_filled, first.is_timestamp_filled, false) IS FALSE)
            OR (first.payload_expired_at IS NULL AND CASE WHEN copy.payload::text = first.payload::text THEN false
               ELSE copy.payload::jsonb IS DISTINCT FROM first.payload::jsonb END)
            OR CASE WHEN copy.attributes::text = first.attributes::text THEN false
               ELSE copy.attributes::jsonb IS DISTINCT FROM first.attributes::jsonb END AS is_conflict
        FROM unnest(copies) AS copy
        CROSS JOIN LATERAL (
          SELECT * FROM events WHERE events.topic = copy.topic AND events.event_id = copy.event_id OFFSET 0
        ) first
      ), listed AS (
        INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict,
                                "timestamp", payload, attributes)
        SELECT position_tx, ordinal, topic, event_id, source, received_at, first_processed_at, is_conflict,
          CASE WHEN is_conflict THEN "timestamp" END, CASE WHEN is_conflict THEN payload END,
          CASE WHEN is_conflict THEN attributes END
        FROM judged
      ), counted AS (
        INSERT INTO counters AS books (slot, topic, duplicates, conflicts, last_processed_at)
        SELECT slot_number, topic, count(*), count(*) FILTER (WHERE is_conflict), processed
        FROM judged GROUP BY topic ORDER BY topic
        ON CONFLICT (slot, topic) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      ), sent AS (
        INSERT INTO source_counters AS books (slot, source, age, duplicates, conflicts)
        SELECT slot_number, source, width_bucket(date_part('epoch', received_at - first_processed_at),
            ARRAY[1, 60, 3600, 86400, 604800]::float8[]) AS age, count(*), count(*) FILTER (WHERE is_conflict)
        FROM judged GROUP BY source, age ORDER BY source, age
        ON CONFLICT (slot, source, age) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts
      )
      SELECT count(*), (
          SELECT json_agg(json_build_object('topic', topic, 'eventId', event_id, 'source', source,
                                            'isConflict', is_conflict) ORDER BY ordinal)
          FROM (SELECT * FROM judged ORDER BY ordinal LIMIT max_named) named
        ), (
          SELECT convert_to(string_agg(CASE WHEN judged.ordinal IS NULL THEN 's' WHEN is_conflict THEN 'c' ELSE 'd' END,
                                       '' ORDER BY place), 'UTF8')
          FROM generate_series(1, starts[body_count + 1] - 1) place
          LEFT JOIN judged ON judged.ordinal = place
        )
      INTO dropped_count, dropped, verdicts_so_far FROM judged;
    END IF;
    IF cardinality(letter_frames) > 0 THEN
      
      IF buried IS NOT NULL THEN
        verdicts_so_far := coalesce(verdicts_so_far,
                                    convert_to(repeat('s', (starts[body_count + 1] - 1)::integer), 'UTF8'));
        FOREACH buried_ordinal IN ARRAY buried LOOP
          verdicts_so_far := set_byte(verdicts_so_far, buried_ordinal::integer - 1, ascii('x'));
        END LOOP;
      END IF;
      WITH letter AS MATERIALIZED (
        SELECT given.*, CASE WHEN ordinal IS NULL THEN event_counts[frame] ELSE 1 END AS events
        FROM unnest(letter_frames, letter_ordinals, letter_topics, letter_codes, letter_reasons, letter_contents)
          AS given (frame, ordinal, topic, code, reason, content)
        WHERE is_new[frame]
      ), listed AS (
        INSERT INTO dead_letters (frame_id, ordinal, topic, events, code, reason, attempts, dead_at, received_at, content)
        SELECT frame_ids[frame], ordinal - starts[frame], topic, events, code, reason, 1, processed, receipt_times[frame],
          content
        FROM letter ORDER BY frame, ordinal
      ), counted AS (
        INSERT INTO counters AS books (slot, topic, dead, last_processed_at)
        SELECT slot_number, coalesce(topic, '') COLLATE "C" AS topic_or_none, sum(events), processed
        FROM letter GROUP BY topic_or_none ORDER BY topic_or_none
        ON CONFLICT (slot, topic) DO UPDATE SET dead = books.dead + excluded.dead,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      )
      SELECT coalesce(sum(events), 0) INTO dead_count FROM letter;
    END IF;

    IF stored_count + dropped_count + dead_count <> expected THEN
      RAISE EXCEPTION 'the frames declare % events and hold others', expected USING ERRCODE = 'data_exception';
    END IF;

    -- Last, with its verdicts: the row is written once. Who loses a race for a frame loses everything, and asks again.
    WITH entered AS (
      INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, received_at, processed_at, tx)
      SELECT frame_ids[n], incarnations[n], sequences[n], event_counts[n],
        CASE WHEN starts[n + 1] - starts[n] <> event_counts[n] THEN repeat('x', event_counts[n]) -- buried whole
             WHEN verdicts_so_far IS NULL THEN repeat('s', event_counts[n])
             ELSE encode(substring(verdicts_so_far FROM starts[n]::integer FOR event_counts[n]), 'escape') END,
        receipt_times[n], processed, position_tx
      FROM generate_series(1, body_count) n WHERE is_new[n] ORDER BY frame_ids[n]
      ON CONFLICT (frame_id) DO NOTHING
      RETURNING incarnation
    ), counted AS (
      INSERT INTO frame_counters AS books (slot, incarnation, frames)
      SELECT slot_number, incarnation, count(*) FROM entered GROUP BY incarnation ORDER BY incarnation
      ON CONFLICT (slot, incarnation) DO UPDATE SET frames = books.frames + excluded.frames
    )
    SELECT count(*) INTO ledger_count FROM entered;
    IF ledger_count <> cardinality(array_positions(is_new, true)) THEN
      RAISE EXCEPTION 'another consumer applied one of these frames just now' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;

  IF NOT are_all_new OR cardinality(frame_ids) > body_count THEN
    -- The log holds a frame twice when a retry came after its window: the copy leaves a trace under its own sequence.
    WITH entered AS (
      INSERT INTO frame_copies (incarnation, sequence, frame_id, events, processed_at)
      SELECT given.incarnation, given.sequence, given.frame_id, given.events, processed
      FROM unnest(frame_ids, incarnations, sequences, event_counts) given (frame_id, incarnation, sequence, events)
      JOIN LATERAL (SELECT * FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger
        ON (ledger.incarnation, ledger.sequence) <> (given.incarnation COLLATE "C", given.sequence)
      ORDER BY given.incarnation, given.sequence
      ON CONFLICT (incarnation, sequence) DO NOTHING
      RETURNING incarnation
    )
      INSERT INTO frame_counters AS books (slot, incarnation, frames)
      SELECT slot_number, incarnation, count(*) FROM entered GROUP BY incarnation ORDER BY incarnation
      ON CONFLICT (slot, incarnation) DO UPDATE SET frames = books.frames + excluded.frames;
  END IF;

  SELECT array_agg(ledger.verdicts ORDER BY given.n) INTO frame_verdicts
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.verdicts FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;
END
$function$;
