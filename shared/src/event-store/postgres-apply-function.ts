import { POSITION_BASE_LOCK } from "./postgres-positions.ts";

/**
 * The transaction that applies a batch of frames: one SQL function, called as one autocommitted SELECT. Each statement
 * inside takes a fresh snapshot (READ COMMITTED, VOLATILE). The name carries a version: replicas of two releases share a
 * database during an upgrade, so a changed function gets a new name.
 *
 * The batch is one parameter made of the frames' own bytes, split by PostgreSQL. Against this, on one connection, the
 * speed of other ways (PostgreSQL 15 and 18, load/decisions/postgres-transaction.ts; more in docs/decisions/0003):
 *
 * | frames x events, share of duplicates        | 10 x 100, 0 % | 10 x 100, 25 % | 10 x 100, 100 % | 32 x 1, 25 % |
 * |---------------------------------------------|---------------|----------------|-----------------|--------------|
 * | its statements between BEGIN and COMMIT     | 0.97-0.99     | 0.68-0.83      | 0.78-0.89       | 0.72-0.89    |
 * | ledger rows first, verdicts by an UPDATE    | 0.98-1.05     | 0.78-1.00      | 0.87-1.01       | 0.89-0.92    |
 * | dropped copies parsed again, not kept       | 1.04-1.07     | 0.91-1.05      | 0.76-0.92       | 0.83-0.91    |
 */

/** A copy that was not stored, on its way from the statement that found out to the one that judges it. */
export const CREATE_EVENT_COPY = `
CREATE TYPE event_copy AS (
  topic text COLLATE "C", event_id text COLLATE "C", "timestamp" timestamptz, source text COLLATE "C",
  payload json, attributes json, ordinal bigint
)`;

// Equal bytes are the usual case of a duplicate and need no parsing; only other texts are compared as values.
function differs(column: "payload" | "attributes"): string {
  return `CASE WHEN copy.${column}::text = first.${column}::text THEN false
               ELSE copy.${column}::jsonb IS DISTINCT FROM first.${column}::jsonb END`;
}

export const CREATE_APPLY_FRAMES_1 = `
CREATE FUNCTION apply_frames_1(
  frame_ids uuid[],
  incarnations text[],
  sequences bigint[],
  event_counts integer[],
  receipt_times timestamptz[],
  body_count integer,      -- how many of the frames have their events in the batch; the rest repeat one of those
  starts bigint[],         -- the ordinal of each body's first event
  batch json,
  slot_number integer,
  max_named integer,
  OUT is_new boolean[],
  OUT frame_verdicts text[],
  OUT dropped json
)
LANGUAGE plpgsql VOLATILE
-- A plan cached while the tables were small must not scan them once they are large.
SET enable_seqscan = off
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
  dropped_count bigint;
  letters bytea;
  ledger_count bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${POSITION_BASE_LOCK});
  SELECT base + pg_current_xact_id()::text::bigint, clock_timestamp() INTO STRICT position_tx, processed FROM positions;

  SELECT array_agg(ledger.frame_id IS NULL ORDER BY given.n), bool_and(ledger.frame_id IS NULL),
         coalesce(sum(event_counts[given.n]) FILTER (WHERE ledger.frame_id IS NULL), 0)
  INTO is_new, are_all_new, expected
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.frame_id FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;

  IF true = ANY (is_new) THEN
    -- Sorted by key: two connections with opposite orders deadlock. Of copies inside the batch the first is stored.
    WITH copy AS MATERIALIZED (
      SELECT topic, event_id, "timestamp", source, coalesce(payload, '{}') AS payload, attributes, ordinal
      FROM ROWS FROM (json_to_recordset(batch) AS (
        topic text COLLATE "C", event_id text COLLATE "C", "timestamp" timestamptz, source text COLLATE "C",
        payload json, attributes json
      )) WITH ORDINALITY AS given (topic, event_id, "timestamp", source, payload, attributes, ordinal)
      WHERE are_all_new OR is_new[width_bucket(ordinal, starts)]
    ), stored AS (
      INSERT INTO events (topic, event_id, "timestamp", source, payload, attributes, processed_at, tx, ord)
      SELECT topic, event_id, "timestamp", source, payload, attributes, processed, position_tx, ordinal
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
    dropped_count := 0;

    IF copies IS NOT NULL THEN
      -- A statement of its own: the one above waited for a concurrent copy to commit, but its snapshot is older.
      WITH judged AS MATERIALIZED (
        SELECT copy.*, first.processed_at AS first_processed_at,
          copy.source <> first.source OR copy."timestamp" <> first."timestamp"
            OR (first.payload_expired_at IS NULL AND ${differs("payload")})
            OR ${differs("attributes")} AS is_conflict
        FROM unnest(copies) AS copy
        CROSS JOIN LATERAL (
          SELECT * FROM events WHERE events.topic = copy.topic AND events.event_id = copy.event_id OFFSET 0
        ) first
      ), listed AS (
        INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict,
                                "timestamp", payload, attributes)
        SELECT position_tx, ordinal, topic, event_id, source, receipt_times[width_bucket(ordinal, starts)],
          first_processed_at, is_conflict,
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
      )
      SELECT count(*), (
          SELECT json_agg(json_build_object('topic', topic, 'eventId', event_id, 'source', source,
                                            'isConflict', is_conflict) ORDER BY ordinal)
          FROM (SELECT * FROM judged ORDER BY ordinal LIMIT max_named) named
        ), (
          SELECT convert_to(string_agg(CASE WHEN judged.ordinal IS NULL THEN 's' WHEN is_conflict THEN 'c' ELSE 'd' END,
                                       '' ORDER BY place), 'UTF8')
          FROM generate_series(1, starts[body_count] + event_counts[body_count] - 1) place
          LEFT JOIN judged ON judged.ordinal = place
        )
      INTO dropped_count, dropped, letters FROM judged;
    END IF;

    IF stored_count + dropped_count <> expected THEN
      RAISE EXCEPTION 'the frames declare % events and hold others', expected USING ERRCODE = 'data_exception';
    END IF;

    -- Last, with its verdicts: the row is written once. Who loses a race for a frame loses everything, and asks again.
    INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, received_at, processed_at, tx)
    SELECT frame_ids[n], incarnations[n], sequences[n], event_counts[n],
      CASE WHEN letters IS NULL THEN repeat('s', event_counts[n])
           ELSE encode(substring(letters FROM starts[n]::integer FOR event_counts[n]), 'escape') END,
      receipt_times[n], processed, position_tx
    FROM generate_series(1, body_count) n WHERE is_new[n] ORDER BY frame_ids[n]
    ON CONFLICT (frame_id) DO NOTHING;
    GET DIAGNOSTICS ledger_count = ROW_COUNT;
    IF ledger_count <> cardinality(array_positions(is_new, true)) THEN
      RAISE EXCEPTION 'another consumer applied one of these frames just now' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;

  IF NOT are_all_new OR cardinality(frame_ids) > body_count THEN
    -- The log holds a frame twice when a retry came after its window: the copy leaves a trace under its own sequence.
    INSERT INTO frame_copies (incarnation, sequence, frame_id, events, processed_at)
    SELECT given.incarnation, given.sequence, given.frame_id, given.events, processed
    FROM unnest(frame_ids, incarnations, sequences, event_counts) given (frame_id, incarnation, sequence, events)
    JOIN LATERAL (SELECT * FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger
      ON (ledger.incarnation, ledger.sequence) <> (given.incarnation COLLATE "C", given.sequence)
    ORDER BY given.incarnation, given.sequence
    ON CONFLICT (incarnation, sequence) DO NOTHING;
  END IF;

  SELECT array_agg(ledger.verdicts ORDER BY given.n) INTO frame_verdicts
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  JOIN LATERAL (SELECT frames.verdicts FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;
END
$function$`;
