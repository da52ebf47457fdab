import { POSITION_BASE_LOCK } from "../read/positions.ts";
import { BURY_LETTERS, FIND_BURIED } from "./apply-letters.ts";
import { JUDGE_COPIES, STORE_EVENTS } from "./apply-statements.ts";

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
  payload json, attributes json, is_timestamp_filled boolean, ordinal bigint
)`;

/** The end of a statement that entered places of a log into the ledger, RETURNING their incarnation: counts them. */
const COUNT_ENTERED = `
      INSERT INTO frame_counters AS books (slot, incarnation, frames)
      SELECT slot_number, incarnation, count(*) FROM entered GROUP BY incarnation ORDER BY incarnation
      ON CONFLICT (slot, incarnation) DO UPDATE SET frames = books.frames + excluded.frames`;

export const CREATE_APPLY_FRAMES_1 = `
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
  PERFORM pg_advisory_xact_lock_shared(${POSITION_BASE_LOCK});
  SELECT base + pg_current_xact_id()::text::bigint, clock_timestamp() INTO STRICT position_tx, processed FROM positions;

  SELECT array_agg(ledger.frame_id IS NULL ORDER BY given.n), bool_and(ledger.frame_id IS NULL),
         coalesce(sum(event_counts[given.n]) FILTER (WHERE ledger.frame_id IS NULL), 0)
  INTO is_new, are_all_new, expected
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.frame_id FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;

  IF true = ANY (is_new) THEN
    IF cardinality(letter_frames) > 0 THEN
      ${FIND_BURIED}
    END IF;
    ${STORE_EVENTS}
    IF copies IS NOT NULL THEN
      ${JUDGE_COPIES}
    END IF;
    IF cardinality(letter_frames) > 0 THEN
      ${BURY_LETTERS}
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
    ), counted AS (${COUNT_ENTERED}
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
    )${COUNT_ENTERED};
  END IF;

  SELECT array_agg(ledger.verdicts ORDER BY given.n) INTO frame_verdicts
  FROM unnest(frame_ids[:body_count]) WITH ORDINALITY AS given (frame_id, n)
  LEFT JOIN LATERAL (SELECT frames.verdicts FROM frames WHERE frames.frame_id = given.frame_id OFFSET 0) ledger ON true;
END
$function$`;
