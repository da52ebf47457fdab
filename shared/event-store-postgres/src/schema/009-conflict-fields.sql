-- Version 9: CONFLICT_FIELDS says which fields make a differing duplicate a conflict. Released: never edit this file.

-- As in version 6, but it compares only the objects that the caller names, and measures an event only for them.
DROP FUNCTION has_other_content(incoming_event);
CREATE FUNCTION has_other_content(arrived incoming_event, compares_payload boolean, compares_attributes boolean)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
  original record;
BEGIN
  SELECT payload, payload_size, payload_value, attributes, attributes_size, attributes_value, payload_expired_at, erased_at
  INTO STRICT original
  FROM events WHERE topic = arrived.topic AND event_id = arrived.event_id;
  IF (compares_payload AND original.payload_size IS NULL AND can_be_large(original.payload)
      AND arrived.payload::text <> original.payload::text AND octet_length(original.payload::text) > 4096)
    OR (compares_attributes AND original.attributes_size IS NULL AND can_be_large(original.attributes)
      AND arrived.attributes::text IS DISTINCT FROM original.attributes::text
      AND octet_length(original.attributes::text) > 4096) THEN
    PERFORM FROM events WHERE topic = arrived.topic AND event_id = arrived.event_id FOR NO KEY UPDATE;
    UPDATE events SET (payload_size, payload_value) = (SELECT * FROM measure_json(payload)),
      (attributes_size, attributes_value) = (SELECT * FROM measure_json(attributes))
    WHERE topic = arrived.topic AND event_id = arrived.event_id
    RETURNING payload, payload_size, payload_value, attributes, attributes_size, attributes_value, payload_expired_at,
      erased_at
    INTO STRICT original;
  END IF;
  RETURN original.erased_at IS NULL
    AND ((compares_payload AND original.payload_expired_at IS NULL
        AND has_other_value(arrived.payload, original.payload, original.payload_size, original.payload_value))
      OR (compares_attributes
        AND has_other_value(arrived.attributes, original.attributes, original.attributes_size, original.attributes_value)));
END
$function$;

-- As in version 6, but a duplicate is compared by the fields in the setting tidemark.conflict_fields. The source is compared
-- always: an erasure finds the sources of conflicts only.
DROP FUNCTION apply_frames_4;
CREATE FUNCTION apply_frames_5(
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
  max_kept integer := current_setting('tidemark.max_conflicts_kept');
  conflict_fields text[] := string_to_array(current_setting('tidemark.conflict_fields'), ',');
  compares_timestamp boolean := 'timestamp' = ANY (conflict_fields);
  compares_payload boolean := 'payload' = ANY (conflict_fields);
  compares_attributes boolean := 'attributes' = ANY (conflict_fields);
  processed timestamptz;
  position_tx bigint;
  own_opening bigint;
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
  SELECT base + pg_current_xact_id()::text::bigint, clock_timestamp(),
    (SELECT opening FROM book_totals WHERE slot = own_slot AND minute = minute_of(now()))
  INTO STRICT position_tx, processed, own_opening FROM positions;

  SELECT array_agg(ledger.frame_id IS NULL ORDER BY given.n), bool_and(ledger.frame_id IS NULL),
    coalesce(sum(event_counts[given.n]) FILTER (WHERE ledger.frame_id IS NULL), 0)
  INTO is_new, are_all_new, expected
  FROM unnest(frame_ids[:distinct_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.frame_id FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;

  IF true = ANY (is_new) THEN
    own_opening := coalesce(own_opening, open_minute(own_slot));
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
      INSERT INTO topic_counters AS books (slot, topic, stored, last_processed_at, opening)
      SELECT own_slot, topic, stored, processed, own_opening FROM tally ORDER BY topic
      ON CONFLICT (topic, slot) DO UPDATE SET stored = books.stored + excluded.stored, opening = excluded.opening,
        earlier = counts_before(books, excluded.opening),
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
          -- An erased event has no content to compare with.
          original.erased_at IS NULL AND (incoming.source <> original.source
            OR (compares_timestamp AND incoming."timestamp" <> original."timestamp"
              AND coalesce(incoming.is_timestamp_filled, original.is_timestamp_filled, false) IS FALSE)
            OR CASE WHEN can_be_large(original.payload) OR can_be_large(original.attributes)
                    THEN has_other_content(incoming, compares_payload, compares_attributes)
                    ELSE (compares_payload AND original.payload_expired_at IS NULL
                        AND CASE WHEN incoming.payload::text = original.payload::text THEN false
                                 ELSE incoming.payload::jsonb IS DISTINCT FROM original.payload::jsonb END)
                      OR (compares_attributes
                        AND CASE WHEN incoming.attributes::text = original.attributes::text THEN false
                                 ELSE incoming.attributes::jsonb IS DISTINCT FROM original.attributes::jsonb END)
               END) AS is_conflict
        FROM unnest(not_stored) AS incoming
        CROSS JOIN LATERAL (
          SELECT * FROM events WHERE events.topic = incoming.topic AND events.event_id = incoming.event_id OFFSET 0
        ) original
      ), original AS MATERIALIZED (
        -- By key, as every transaction locks these rows.
        SELECT conflict.topic, conflict.event_id, locked.is_erased,
          CASE WHEN locked.has_payload
               THEN max_kept - (SELECT count(*) FROM (
                 SELECT FROM duplicates AS kept
                 WHERE kept.topic = conflict.topic AND kept.event_id = conflict.event_id AND kept.payload IS NOT NULL
                 LIMIT max_kept
               ) AS enough)
               ELSE 0 END AS room
        FROM (SELECT DISTINCT topic, event_id FROM compared WHERE is_conflict ORDER BY topic, event_id) AS conflict
        CROSS JOIN LATERAL lock_original(conflict.topic, conflict.event_id) AS locked
      ), conflict AS MATERIALIZED (
        SELECT compared.ordinal, is_erased,
          row_number() OVER (PARTITION BY topic, event_id ORDER BY compared.ordinal) <= room AS is_kept
        FROM compared JOIN original USING (topic, event_id) WHERE is_conflict
      ), listed AS (
        -- An empty source is that of the stored event.
        INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict,
          "timestamp", payload, attributes)
        SELECT position_tx, ordinal, topic, event_id, CASE WHEN is_erased IS FALSE THEN source ELSE '' END, received_at,
          first_processed_at, is_conflict, CASE WHEN is_kept THEN "timestamp" END, CASE WHEN is_kept THEN payload END,
          CASE WHEN is_kept THEN attributes END
        FROM compared LEFT JOIN conflict USING (ordinal)
      ), tally AS MATERIALIZED (
        SELECT topic, count(*) AS dropped, count(*) FILTER (WHERE is_conflict) AS conflicting
        FROM compared GROUP BY topic
      ), counted AS (
        INSERT INTO topic_counters AS books (slot, topic, duplicates, conflicts, last_processed_at, opening)
        SELECT own_slot, topic, tally.dropped, conflicting, processed, own_opening FROM tally ORDER BY topic
        ON CONFLICT (topic, slot) DO UPDATE SET duplicates = books.duplicates + excluded.duplicates,
          conflicts = books.conflicts + excluded.conflicts, opening = excluded.opening,
          earlier = counts_before(books, excluded.opening),
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
        INSERT INTO topic_counters AS books (slot, topic, dead_lettered, last_processed_at, opening)
        SELECT own_slot, coalesce(topic, '') COLLATE "C" AS topic_or_none, sum(events), processed, own_opening
        FROM dead_letter GROUP BY topic_or_none ORDER BY topic_or_none
        ON CONFLICT (topic, slot) DO UPDATE SET dead_lettered = books.dead_lettered + excluded.dead_lettered,
          opening = excluded.opening, earlier = counts_before(books, excluded.opening),
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
