-- Version 4: no statement costs more than the bytes that arrived, whatever is stored. Released: never edit this file.

-- The lock of position-base.ts. No batch is being applied while the tables change, and the function of the release before
-- fails afterwards, because frames.tx is gone: it would not add to the totals.
SELECT pg_advisory_xact_lock(7305804402565173248);
DROP FUNCTION apply_frames_2;

-- Of a payload, or of attributes, whose text is longer than 4 KiB: the size in bytes of its value (jsonb). If the text is
-- also more than twice as long as its value, because of white space or repeated keys: the value itself. NULL until a
-- duplicate needs them, except for texts of more than 64 KiB (docs/decisions/0009).
ALTER TABLE events
  ADD COLUMN payload_size integer,
  ADD COLUMN payload_value jsonb,
  ADD COLUMN attributes_size integer,
  ADD COLUMN attributes_value jsonb;

-- A plan that is made while the table is nearly empty costs two indexes alike, and the planner then takes the newer one. It
-- must be that of the key: by events_by_topic_and_position each duplicate would read all events of its topic, until the
-- table is analyzed. A large table has been analyzed, and building its index again would take long.
DO $block$
BEGIN
  IF pg_relation_size('events') < 100000000 THEN
    ALTER TABLE events DROP CONSTRAINT events_pkey, ADD CONSTRAINT events_pkey PRIMARY KEY (topic, event_id);
  END IF;
END
$block$;

-- The counters of one topic, or of one source, lie together whichever slots they are from.
ALTER TABLE topic_counters DROP CONSTRAINT topic_counters_pkey, ADD PRIMARY KEY (topic, slot);
ALTER TABLE source_counters DROP CONSTRAINT source_counters_pkey, ADD PRIMARY KEY (source, slot, age);

ALTER TABLE frames DROP COLUMN tx;

-- The number of events in the applied frames. A frame that a log holds twice counts once.
ALTER TABLE frame_counters ADD COLUMN events bigint NOT NULL DEFAULT 0;

-- Sums over all topics, one row for each slot. topics and sources are the numbers of rows that the slot added to the tables
-- of these names.
CREATE TABLE book_totals (
  slot integer PRIMARY KEY,
  stored bigint NOT NULL,
  duplicates bigint NOT NULL,
  conflicts bigint NOT NULL,
  dead_lettered bigint NOT NULL,
  topics bigint NOT NULL,
  sources bigint NOT NULL
) WITH (fillfactor = 50);

-- Every topic, and every source of a duplicate, with the magnitude of its count, so that an index leads to the busiest. A
-- magnitude is the count in binary digits, or one less. It changes so seldom that the slots can share these rows.
CREATE TABLE topics (
  topic text COLLATE "C" PRIMARY KEY,
  magnitude smallint NOT NULL
);

CREATE TABLE sources (
  source text COLLATE "C" PRIMARY KEY,
  magnitude smallint NOT NULL
);

CREATE FUNCTION magnitude_of(amount numeric) RETURNS smallint
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN amount < 1 THEN 0 ELSE floor(ln(amount::float8) / ln(2::float8)) + 1 END $$;

INSERT INTO topics (topic, magnitude)
SELECT topic, magnitude_of(sum(stored + duplicates + dead_lettered)) FROM topic_counters GROUP BY topic ORDER BY topic;

INSERT INTO sources (source, magnitude)
SELECT source, magnitude_of(sum(duplicates)) FROM source_counters GROUP BY source ORDER BY source;

CREATE INDEX topics_by_magnitude ON topics (magnitude DESC, topic);
CREATE INDEX sources_by_magnitude ON sources (magnitude DESC, source);

-- What was counted before this version stands in a slot that no connection takes.
INSERT INTO book_totals (slot, stored, duplicates, conflicts, dead_lettered, topics, sources)
SELECT -1, sum(stored), sum(duplicates), sum(conflicts), sum(dead_lettered),
  (SELECT count(*) FROM topics), (SELECT count(*) FROM sources)
FROM topic_counters HAVING count(*) > 0;

-- The events of ledger rows that were pruned before this version are not known by generation.
INSERT INTO frame_counters (slot, generation, frames, events)
SELECT -1, generation, 0, sum(events) FROM frames GROUP BY generation;

-- Whether a stored text can be longer than 4 KiB, told without reading it: PostgreSQL has compressed it, or moved it out of
-- the row, or it is that long.
CREATE FUNCTION can_be_large(stored json) RETURNS boolean
LANGUAGE sql STABLE -- as the functions that it calls: an immutable one would not be inlined, and cost 4 us
AS $$ SELECT pg_column_compression(stored) IS NOT NULL OR pg_column_size(stored) > 4096 $$;

CREATE TYPE measured_json AS (size integer, value jsonb);

-- Returns what is kept beside a text: NULLs where it is no longer than 4 KiB.
CREATE FUNCTION measure_json(content json) RETURNS measured_json
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
  measured measured_json;
  length integer := octet_length(content::text);
  value jsonb;
BEGIN
  IF length > 4096 THEN
    value := content;
    measured.size := pg_column_size(value);
    IF length > 2 * measured.size THEN
      measured.value := value;
    END IF;
  END IF;
  RETURN measured;
END
$function$;

-- Compares a text that arrived with a stored one, as values. Reads of the stored text no more than a fixed multiple of
-- what arrived: the value of a text takes at most 8 bytes for each of its bytes, and equal values differ in size by less
-- than half, because only the scale of a number takes another size.
CREATE FUNCTION has_other_value(arrived json, stored json, stored_size integer, stored_value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
  arrived_value jsonb;
  arrived_size integer;
BEGIN
  IF arrived IS NULL OR stored IS NULL THEN
    RETURN arrived IS NULL <> (stored IS NULL);
  ELSIF stored_size IS NULL OR (stored_value IS NULL AND 8 * pg_column_size(arrived) >= stored_size) THEN
    -- Equal texts are the usual case, and need no parsing.
    IF arrived::text = stored::text THEN
      RETURN false;
    END IF;
  END IF;
  arrived_value := arrived;
  arrived_size := pg_column_size(arrived_value);
  IF arrived_size > 1.5 * stored_size OR stored_size > 1.5 * arrived_size THEN
    RETURN true;
  END IF;
  RETURN arrived_value <> coalesce(stored_value, stored::jsonb);
END
$function$;

-- Planned at each call, because a plan made for an empty table may use the index by topic and position.
CREATE FUNCTION is_stored(topic text, event_id text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
  RETURN EXISTS (SELECT FROM events WHERE events.topic = is_stored.topic AND events.event_id = is_stored.event_id);
END
$function$;

-- Compares a duplicate with a stored event of which a text can be large. Measures the stored event if that was not done
-- yet: its texts are of at most 64 KiB, or an earlier release stored it. Keeps the sizes, so that this is done once. A
-- statement of a volatile function sees what the function wrote in the call before.
CREATE FUNCTION has_other_content(arrived incoming_event) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
  original record;
BEGIN
  SELECT payload, payload_size, payload_value, attributes, attributes_size, attributes_value, payload_expired_at
  INTO STRICT original
  FROM events WHERE topic = arrived.topic AND event_id = arrived.event_id;
  IF (original.payload_size IS NULL AND can_be_large(original.payload)
      AND arrived.payload::text <> original.payload::text AND octet_length(original.payload::text) > 4096)
    OR (original.attributes_size IS NULL AND can_be_large(original.attributes)
      AND arrived.attributes::text IS DISTINCT FROM original.attributes::text
      AND octet_length(original.attributes::text) > 4096) THEN
    UPDATE events SET (payload_size, payload_value) = (SELECT * FROM measure_json(original.payload)),
      (attributes_size, attributes_value) = (SELECT * FROM measure_json(original.attributes))
    WHERE topic = arrived.topic AND event_id = arrived.event_id
    RETURNING payload, payload_size, payload_value, attributes, attributes_size, attributes_value, payload_expired_at
    INTO STRICT original;
  END IF;
  RETURN (original.payload_expired_at IS NULL
      AND has_other_value(arrived.payload, original.payload, original.payload_size, original.payload_value))
    OR has_other_value(arrived.attributes, original.attributes, original.attributes_size, original.attributes_value);
END
$function$;

-- Applies a batch of frames in one transaction: it is called as one autocommitted SELECT, and each statement inside takes
-- a fresh snapshot (READ COMMITTED, VOLATILE). The batch is one parameter made of the bytes of the frames, which PostgreSQL
-- splits. docs/decisions/0003 and 0007 compare it with other ways.
--
-- The counters are those of the slot that the session has taken (SET tidemark.slot; docs/decisions/0003).
CREATE FUNCTION apply_frames_3(
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
  conflict_count bigint := 0;
  refused_ordinals bigint[];
  refused_ordinal bigint;
  dead_lettered_count bigint := 0;
  verdicts_so_far bytea;
  grown text[];
  grown_topics text[] := '{}'; -- those whose count in this slot has got a further binary digit
  grown_sources text[] := '{}';
  new_topics bigint := 0;
  new_sources bigint := 0;
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
        is_timestamp_filled, ordinal,
        -- Shorter texts are measured when the first duplicate differs, which is seldom and costs milliseconds; a duplicate
        -- is not measured at all.
        CASE WHEN coalesce(pg_column_size(payload), 0) > 65536 AND NOT is_stored(given.topic, given.event_id)
             THEN measure_json(payload) END AS measured_payload,
        CASE WHEN coalesce(pg_column_size(attributes), 0) > 65536 AND NOT is_stored(given.topic, given.event_id)
             THEN measure_json(attributes) END AS measured_attributes
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
        tx, ord, payload_size, payload_value, attributes_size, attributes_value)
      SELECT topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled, processed, position_tx,
        ordinal, (measured_payload).size, (measured_payload).value, (measured_attributes).size,
        (measured_attributes).value
      FROM incoming ORDER BY topic, event_id, ordinal
      ON CONFLICT (topic, event_id) DO NOTHING
      RETURNING topic, ord
    ), tally AS MATERIALIZED (
      SELECT topic, count(*) AS stored FROM stored GROUP BY topic
    ), counted AS (
      INSERT INTO topic_counters AS books (slot, topic, stored, last_processed_at)
      SELECT own_slot, topic, stored, processed FROM tally ORDER BY topic
      ON CONFLICT (topic, slot) DO UPDATE SET stored = books.stored + excluded.stored,
        last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      RETURNING topic, stored + duplicates + dead_lettered AS events
    )
    SELECT (SELECT count(*) FROM stored), (
        -- The highest binary digit is a new one where the exclusive or with the count before is larger than that count.
        SELECT array_agg(topic) FROM counted JOIN tally USING (topic)
        WHERE (events # (events - stored)) > events - stored
      ), (
        -- Sorted by key as well, because has_other_content may update the rows in this order.
        SELECT array_agg(ROW(topic, event_id, "timestamp", source, payload, attributes, is_timestamp_filled,
                             ordinal)::incoming_event ORDER BY topic, event_id, ordinal)
        FROM incoming LEFT JOIN (SELECT ord FROM stored) stored ON ord = ordinal WHERE ord IS NULL
      )
    INTO stored_count, grown, not_stored;
    grown_topics := grown_topics || grown;

    IF not_stored IS NOT NULL THEN
      -- A statement of its own, because the one above waited for a concurrent transaction that stored the same key, and its
      -- snapshot is older than that commit. Equal texts are the usual case of a duplicate and need no parsing; only other
      -- texts are compared as values, and those of large events by has_other_content, which bounds the cost.
      WITH compared AS MATERIALIZED (
        SELECT incoming.*, receipt_times[width_bucket(ordinal, first_ordinals)] AS received_at,
          original.processed_at AS first_processed_at,
          incoming.source <> original.source
            OR (incoming."timestamp" <> original."timestamp"
              AND coalesce(incoming.is_timestamp_filled, original.is_timestamp_filled, false) IS FALSE)
            OR CASE WHEN can_be_large(original.payload) OR can_be_large(original.attributes)
                    THEN has_other_content(incoming)
                    ELSE (original.payload_expired_at IS NULL
                        AND CASE WHEN incoming.payload::text = original.payload::text THEN false
                                 ELSE incoming.payload::jsonb IS DISTINCT FROM original.payload::jsonb END)
                      OR CASE WHEN incoming.attributes::text = original.attributes::text THEN false
                              ELSE incoming.attributes::jsonb IS DISTINCT FROM original.attributes::jsonb END
               END AS is_conflict
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
      ), tally AS MATERIALIZED (
        SELECT topic, count(*) AS dropped, count(*) FILTER (WHERE is_conflict) AS conflicting
        FROM compared GROUP BY topic
      ), counted AS (
        INSERT INTO topic_counters AS books (slot, topic, duplicates, conflicts, last_processed_at)
        SELECT own_slot, topic, tally.dropped, conflicting, processed FROM tally ORDER BY topic
        ON CONFLICT (topic, slot) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
        RETURNING topic, stored + duplicates + dead_lettered AS events
      ), tally_by_source AS MATERIALIZED (
        -- The age is the first bound of AGE_BOUNDS_SECONDS that the duplicate came within, from 0. By date_part, because
        -- extract answers numeric, which costs a duplicate as much as the rest of this count.
        SELECT source, width_bucket(date_part('epoch', received_at - first_processed_at),
            ARRAY[1, 60, 3600, 86400, 604800]::float8[]) AS age,
          count(*) AS dropped, count(*) FILTER (WHERE is_conflict) AS conflicting
        FROM compared GROUP BY source, age
      ), counted_by_source AS (
        INSERT INTO source_counters AS books (slot, source, age, duplicates, conflicts)
        SELECT own_slot, source, age, tally_by_source.dropped, conflicting FROM tally_by_source ORDER BY source, age
        ON CONFLICT (source, slot, age) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts
        RETURNING source, age, duplicates
      )
      SELECT count(*), count(*) FILTER (WHERE is_conflict), (
          SELECT array_agg(topic) FROM counted JOIN tally USING (topic)
          WHERE (events # (events - tally.dropped)) > events - tally.dropped
        ), (
          SELECT array_agg(DISTINCT source) FROM counted_by_source JOIN tally_by_source USING (source, age)
          WHERE (duplicates # (duplicates - tally_by_source.dropped)) > duplicates - tally_by_source.dropped
        ), (
          SELECT json_agg(json_build_object('topic', topic, 'eventId', event_id, 'source', source,
                                            'isConflict', is_conflict) ORDER BY ordinal)
          FROM (SELECT * FROM compared ORDER BY ordinal LIMIT max_named) named
        ), (
          SELECT convert_to(string_agg(CASE WHEN compared.ordinal IS NULL THEN 's' WHEN is_conflict THEN 'c' ELSE 'd' END,
                                       '' ORDER BY place), 'UTF8')
          FROM generate_series(1, first_ordinals[distinct_count + 1] - 1) place
          LEFT JOIN compared ON compared.ordinal = place
        )
      INTO dropped_count, conflict_count, grown, grown_sources, dropped, verdicts_so_far FROM compared;
      grown_topics := grown_topics || grown;
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
        ON CONFLICT (topic, slot) DO UPDATE SET dead_lettered = books.dead_lettered + excluded.dead_lettered,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
        RETURNING topic
      )
      SELECT coalesce(sum(events), 0), (SELECT array_agg(topic) FROM counted) INTO dead_lettered_count, grown
      FROM dead_letter;
      grown_topics := grown_topics || grown;
    END IF;

    IF stored_count + dropped_count + dead_lettered_count <> expected THEN
      RAISE EXCEPTION 'the frames declare % events and hold another number', expected USING ERRCODE = 'data_exception';
    END IF;

    IF cardinality(grown_topics) > 0 THEN
      -- A row that another connection is about to raise is left to it: waiting could deadlock, and the next digit comes.
      WITH counted AS MATERIALIZED (
        SELECT topic, magnitude_of(events) AS magnitude
        FROM (SELECT DISTINCT topic COLLATE "C" AS topic FROM unnest(grown_topics) AS topic) given CROSS JOIN LATERAL (
          SELECT sum(books.stored + books.duplicates + books.dead_lettered) AS events
          FROM topic_counters AS books WHERE books.topic = given.topic
        ) books
      ), added AS (
        INSERT INTO topics (topic, magnitude) SELECT topic, magnitude FROM counted ORDER BY topic
        ON CONFLICT (topic) DO NOTHING RETURNING topic
      ), free AS (
        SELECT topics.topic, counted.magnitude FROM counted JOIN topics USING (topic)
        WHERE topics.magnitude < counted.magnitude FOR NO KEY UPDATE OF topics SKIP LOCKED
      ), raised AS (
        UPDATE topics SET magnitude = free.magnitude FROM free WHERE topics.topic = free.topic
      )
      SELECT count(*) INTO new_topics FROM added;
    END IF;
    IF cardinality(grown_sources) > 0 THEN
      WITH counted AS MATERIALIZED (
        SELECT source, magnitude_of(events) AS magnitude
        FROM (SELECT source COLLATE "C" AS source FROM unnest(grown_sources) AS source) given CROSS JOIN LATERAL (
          SELECT sum(books.duplicates) AS events FROM source_counters AS books WHERE books.source = given.source
        ) books
      ), added AS (
        INSERT INTO sources (source, magnitude) SELECT source, magnitude FROM counted ORDER BY source
        ON CONFLICT (source) DO NOTHING RETURNING source
      ), free AS (
        SELECT sources.source, counted.magnitude FROM counted JOIN sources USING (source)
        WHERE sources.magnitude < counted.magnitude FOR NO KEY UPDATE OF sources SKIP LOCKED
      ), raised AS (
        UPDATE sources SET magnitude = free.magnitude FROM free WHERE sources.source = free.source
      )
      SELECT count(*) INTO new_sources FROM added;
    END IF;

    INSERT INTO book_totals AS books (slot, stored, duplicates, conflicts, dead_lettered, topics, sources)
    VALUES (own_slot, stored_count, dropped_count, conflict_count, dead_lettered_count, new_topics, new_sources)
    ON CONFLICT (slot) DO UPDATE SET stored = books.stored + excluded.stored,
      duplicates = books.duplicates + excluded.duplicates, conflicts = books.conflicts + excluded.conflicts,
      dead_lettered = books.dead_lettered + excluded.dead_lettered, topics = books.topics + excluded.topics,
      sources = books.sources + excluded.sources;

    -- The ledger last, with its verdicts, so that each row is written once. A transaction that loses the race for a frame
    -- is rolled back whole, and its next attempt finds the row.
    WITH entered AS (
      INSERT INTO frames (frame_id, generation, sequence, events, verdicts, received_at, processed_at)
      SELECT frame_ids[n], generations[n], sequences[n], event_counts[n],
        -- A frame that is a dead letter whole has declared events and none in the batch.
        CASE WHEN first_ordinals[n + 1] - first_ordinals[n] <> event_counts[n] THEN repeat('x', event_counts[n])
             WHEN verdicts_so_far IS NULL THEN repeat('s', event_counts[n])
             ELSE encode(substring(verdicts_so_far FROM first_ordinals[n]::integer FOR event_counts[n]), 'escape') END,
        receipt_times[n], processed
      FROM generate_series(1, distinct_count) n WHERE is_new[n] ORDER BY frame_ids[n]
      ON CONFLICT (frame_id) DO NOTHING
      RETURNING generation, events
    ), counted AS (
      INSERT INTO frame_counters AS books (slot, generation, frames, events)
      SELECT own_slot, generation, count(*), sum(events) FROM entered GROUP BY generation ORDER BY generation
      ON CONFLICT (slot, generation) DO UPDATE SET frames = books.frames + excluded.frames,
        events = books.events + excluded.events
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
