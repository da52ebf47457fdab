-- Version 3: the function that applies a batch of frames, which is where PostgreSQL decides what is a duplicate.
-- Released: never edit this file.

DROP FUNCTION apply_frames_1;
DROP TYPE event_copy;

-- An event that was not stored, on its way from the statement that finds it to the statement that compares it.
CREATE TYPE incoming_event AS (
  topic text COLLATE "C",
  event_id text COLLATE "C",
  "timestamp" timestamptz,
  source text COLLATE "C",
  payload json,
  attributes json,
  is_timestamp_filled boolean,
  ordinal bigint
);

-- Applies a batch of frames in one transaction: it is called as one autocommitted SELECT, and each statement inside takes
-- a fresh snapshot (READ COMMITTED, VOLATILE). The batch is one parameter made of the bytes of the frames, which PostgreSQL
-- splits. docs/decisions/0003 and 0007 compare it with other ways.
--
-- The counters are those of the slot that the session has taken (SET tidemark.slot; docs/decisions/0003).
CREATE FUNCTION apply_frames_2(
  frame_ids uuid[],
  generations text[],
  sequences bigint[],
  event_counts integer[],
  receipt_times timestamptz[],
  distinct_count integer,        -- the first so many frames are distinct; each further one repeats one of them
  first_ordinals bigint[],       -- the ordinal in the batch of the first event of each distinct frame; last, one past the end
  batch json,
  max_named integer,
  dead_letter_frames integer[],  -- dead letters in the order of the batch: which of the distinct frames each is from
  dead_letter_ordinals bigint[], -- of an event, which is {} in the batch; NULL for a whole frame, which is not in the batch
  dead_letter_topics text[],
  dead_letter_codes text[],
  dead_letter_reasons text[],
  dead_letter_contents bytea[],
  OUT is_new boolean[],
  OUT frame_verdicts text[],
  OUT dropped json
)
LANGUAGE plpgsql VOLATILE
-- A plan cached while the tables were small must not scan them once they are large.
SET enable_seqscan = off
-- PostgreSQL finds plans made for the values at hand a little cheaper, and would plan every statement at every call.
SET plan_cache_mode = force_generic_plan
-- Before PostgreSQL 18 that setting makes the one-row table look so expensive that every call would be compiled: half the
-- speed.
SET jit = off
AS $function$
DECLARE
  own_slot integer := current_setting('tidemark.slot');
  processed timestamptz;
  position_tx bigint;
  are_all_new boolean;
  expected bigint;
  stored_count bigint;
  not_stored incoming_event[];
  dropped_count bigint := 0;
  refused_ordinals bigint[];
  refused_ordinal bigint;
  dead_lettered_count bigint := 0;
  verdicts_so_far bytea;
  ledger_count bigint;
BEGIN
  -- The lock of position-base.ts.
  PERFORM pg_advisory_xact_lock_shared(7305804402565173248);
  SELECT base + pg_current_xact_id()::text::bigint, clock_timestamp() INTO STRICT position_tx, processed FROM positions;

  SELECT array_agg(ledger.frame_id IS NULL ORDER BY given.n), bool_and(ledger.frame_id IS NULL),
    coalesce(sum(event_counts[given.n]) FILTER (WHERE ledger.frame_id IS NULL), 0)
  INTO is_new, are_all_new, expected
  FROM unnest(frame_ids[:distinct_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.frame_id FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;

  IF true = ANY (is_new) THEN
    IF cardinality(dead_letter_frames) > 0 THEN
      -- Dead letters of frames that the ledger knows are ignored.
      SELECT array_agg(ordinal ORDER BY ordinal) INTO refused_ordinals
      FROM unnest(dead_letter_frames, dead_letter_ordinals) AS dead_letter (frame, ordinal)
      WHERE is_new[frame] AND ordinal IS NOT NULL;
    END IF;

    -- Sorted by key, because two connections with opposite orders deadlock. Of equal keys the first of the batch is stored.
    WITH incoming AS MATERIALIZED (
      SELECT topic, event_id, "timestamp", source, coalesce(payload, '{}') AS payload, attributes,
        is_timestamp_filled, ordinal
      FROM ROWS FROM (json_to_recordset(batch) AS (
        topic text COLLATE "C", event_id text COLLATE "C", "timestamp" timestamptz, source text COLLATE "C",
        payload json, attributes json, is_timestamp_filled boolean
      )) WITH ORDINALITY
        AS given (topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, ordinal)
      WHERE (are_all_new OR is_new[width_bucket(ordinal, first_ordinals)])
        AND (refused_ordinals IS NULL
          OR refused_ordinals[width_bucket(ordinal, refused_ordinals)] IS DISTINCT FROM ordinal)
    ), stored AS (
      INSERT INTO events (topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, processed_at,
        tx, ord)
      SELECT topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, processed, position_tx,
        ordinal
      FROM incoming ORDER BY topic, event_id, ordinal
      ON CONFLICT (topic, event_id) DO NOTHING
      RETURNING topic, ord
    ), counted AS (
      INSERT INTO topic_counters AS books (slot, topic, stored, last_processed_at)
      SELECT own_slot, topic, count(*), processed FROM stored GROUP BY topic ORDER BY topic
      ON CONFLICT (slot, topic) DO UPDATE SET stored = books.stored + excluded.stored,
        last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
    )
    SELECT (SELECT count(*) FROM stored), (
        SELECT array_agg(ROW(incoming.*)::incoming_event) FROM incoming LEFT JOIN stored ON ord = ordinal WHERE ord IS NULL
      )
    INTO stored_count, not_stored;

    IF not_stored IS NOT NULL THEN
      -- A statement of its own, because the one above waited for a concurrent transaction that stored the same key, and its
      -- snapshot is older than that commit. Equal texts are the usual case of a duplicate and need no parsing; only other
      -- texts are compared as values.
      WITH compared AS MATERIALIZED (
        SELECT incoming.*, receipt_times[width_bucket(ordinal, first_ordinals)] AS received_at,
          original.processed_at AS first_processed_at,
          incoming.source <> original.source
            OR (incoming."timestamp" <> original."timestamp"
              AND coalesce(incoming.is_timestamp_filled, original.is_timestamp_filled, false) IS FALSE)
            OR (original.payload_expired_at IS NULL
              AND CASE WHEN incoming.payload::text = original.payload::text THEN false
                       ELSE incoming.payload::jsonb IS DISTINCT FROM original.payload::jsonb END)
            OR CASE WHEN incoming.attributes::text = original.attributes::text THEN false
                    ELSE incoming.attributes::jsonb IS DISTINCT FROM original.attributes::jsonb END AS is_conflict
        FROM unnest(not_stored) AS incoming
        CROSS JOIN LATERAL (
          SELECT * FROM events WHERE events.topic = incoming.topic AND events.event_id = incoming.event_id OFFSET 0
        ) original
      ), listed AS (
        INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict,
          "timestamp", payload, attributes)
        SELECT position_tx, ordinal, topic, event_id, source, received_at, first_processed_at, is_conflict,
          CASE WHEN is_conflict THEN "timestamp" END, CASE WHEN is_conflict THEN payload END,
          CASE WHEN is_conflict THEN attributes END
        FROM compared
      ), counted AS (
        INSERT INTO topic_counters AS books (slot, topic, duplicates, conflicts, last_processed_at)
        SELECT own_slot, topic, count(*), count(*) FILTER (WHERE is_conflict), processed
        FROM compared GROUP BY topic ORDER BY topic
        ON CONFLICT (slot, topic) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      ), counted_by_source AS (
        INSERT INTO source_counters AS books (slot, source, age, duplicates, conflicts)
        -- The age is the first bound of AGE_BOUNDS_SECONDS that the duplicate came within, from 0. By date_part, because
        -- extract answers numeric, which costs a duplicate as much as the rest of this count.
        SELECT own_slot, source, width_bucket(date_part('epoch', received_at - first_processed_at),
            ARRAY[1, 60, 3600, 86400, 604800]::float8[]) AS age, count(*), count(*) FILTER (WHERE is_conflict)
        FROM compared GROUP BY source, age ORDER BY source, age
        ON CONFLICT (slot, source, age) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts
      )
      SELECT count(*), (
          SELECT json_agg(json_build_object('topic', topic, 'eventId', event_id, 'source', source,
                                            'isConflict', is_conflict) ORDER BY ordinal)
          FROM (SELECT * FROM compared ORDER BY ordinal LIMIT max_named) named
        ), (
          SELECT convert_to(string_agg(CASE WHEN compared.ordinal IS NULL THEN 's' WHEN is_conflict THEN 'c' ELSE 'd' END,
                                       '' ORDER BY place), 'UTF8')
          FROM generate_series(1, first_ordinals[distinct_count + 1] - 1) place
          LEFT JOIN compared ON compared.ordinal = place
        )
      INTO dropped_count, dropped, verdicts_so_far FROM compared;
    END IF;

    IF cardinality(dead_letter_frames) > 0 THEN
      IF refused_ordinals IS NOT NULL THEN
        verdicts_so_far := coalesce(verdicts_so_far,
          convert_to(repeat('s', (first_ordinals[distinct_count + 1] - 1)::integer), 'UTF8'));
        FOREACH refused_ordinal IN ARRAY refused_ordinals LOOP
          verdicts_so_far := set_byte(verdicts_so_far, refused_ordinal::integer - 1, ascii('x'));
        END LOOP;
      END IF;
      WITH dead_letter AS MATERIALIZED (
        SELECT given.*, CASE WHEN ordinal IS NULL THEN event_counts[frame] ELSE 1 END AS events
        FROM unnest(dead_letter_frames, dead_letter_ordinals, dead_letter_topics, dead_letter_codes, dead_letter_reasons,
            dead_letter_contents) AS given (frame, ordinal, topic, code, reason, content)
        WHERE is_new[frame]
      ), listed AS (
        INSERT INTO dead_letters (frame_id, ordinal, topic, events, code, reason, attempts, dead_at, received_at, content)
        SELECT frame_ids[frame], ordinal - first_ordinals[frame], topic, events, code, reason, 1, processed,
          receipt_times[frame], content
        FROM dead_letter ORDER BY frame, ordinal
      ), counted AS (
        -- A topic that could not be read is counted under '', which no event can have.
        INSERT INTO topic_counters AS books (slot, topic, dead_lettered, last_processed_at)
        SELECT own_slot, coalesce(topic, '') COLLATE "C" AS topic_or_none, sum(events), processed
        FROM dead_letter GROUP BY topic_or_none ORDER BY topic_or_none
        ON CONFLICT (slot, topic) DO UPDATE SET dead_lettered = books.dead_lettered + excluded.dead_lettered,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      )
      SELECT coalesce(sum(events), 0) INTO dead_lettered_count FROM dead_letter;
    END IF;

    IF stored_count + dropped_count + dead_lettered_count <> expected THEN
      RAISE EXCEPTION 'the frames declare % events and hold another number', expected USING ERRCODE = 'data_exception';
    END IF;

    -- The ledger last, with its verdicts, so that each row is written once. A transaction that loses the race for a frame
    -- is rolled back whole, and its next attempt finds the row.
    WITH entered AS (
      INSERT INTO frames (frame_id, generation, sequence, events, verdicts, received_at, processed_at, tx)
      SELECT frame_ids[n], generations[n], sequences[n], event_counts[n],
        -- A frame that is a dead letter whole has declared events and none in the batch.
        CASE WHEN first_ordinals[n + 1] - first_ordinals[n] <> event_counts[n] THEN repeat('x', event_counts[n])
             WHEN verdicts_so_far IS NULL THEN repeat('s', event_counts[n])
             ELSE encode(substring(verdicts_so_far FROM first_ordinals[n]::integer FOR event_counts[n]), 'escape') END,
        receipt_times[n], processed, position_tx
      FROM generate_series(1, distinct_count) n WHERE is_new[n] ORDER BY frame_ids[n]
      ON CONFLICT (frame_id) DO NOTHING
      RETURNING generation
    ), counted AS (
      INSERT INTO frame_counters AS books (slot, generation, frames)
      SELECT own_slot, generation, count(*) FROM entered GROUP BY generation ORDER BY generation
      ON CONFLICT (slot, generation) DO UPDATE SET frames = books.frames + excluded.frames
    )
    SELECT count(*) INTO ledger_count FROM entered;
    IF ledger_count <> cardinality(array_positions(is_new, true)) THEN
      RAISE EXCEPTION 'another consumer applied one of these frames just now' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;

  IF NOT are_all_new OR cardinality(frame_ids) > distinct_count THEN
    -- The log holds a frame twice if the gateway sent it again after the window for duplicates of the log. The repetition
    -- leaves a row under its own sequence.
    WITH entered AS (
      INSERT INTO repeated_frames (generation, sequence, frame_id, events, processed_at)
      SELECT given.generation, given.sequence, given.frame_id, given.events, processed
      FROM unnest(frame_ids, generations, sequences, event_counts) given (frame_id, generation, sequence, events)
      JOIN LATERAL (SELECT * FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger
        ON (ledger.generation, ledger.sequence) <> (given.generation COLLATE "C", given.sequence)
      ORDER BY given.generation, given.sequence
      ON CONFLICT (generation, sequence) DO NOTHING
      RETURNING generation
    )
    INSERT INTO frame_counters AS books (slot, generation, frames)
    SELECT own_slot, generation, count(*) FROM entered GROUP BY generation ORDER BY generation
    ON CONFLICT (slot, generation) DO UPDATE SET frames = books.frames + excluded.frames;
  END IF;

  SELECT array_agg(ledger.verdicts ORDER BY given.n) INTO frame_verdicts
  FROM unnest(frame_ids[:distinct_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.verdicts FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;
END
$function$;
