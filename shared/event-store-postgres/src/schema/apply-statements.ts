import { AGE_BOUNDS_SECONDS } from "@tidemark/event-store/duplicates";

/** The two statements of `apply_frames_1` that every event may meet: the one that stores it, the one that judges copies. */

// Sorted by key: two connections with opposite orders deadlock. Of copies inside the batch the first is stored.
export const STORE_EVENTS = `
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
    INTO stored_count, copies;`;

// Equal bytes are the usual case of a duplicate and need no parsing; only other texts are compared as values.
function differs(column: "payload" | "attributes"): string {
  return `CASE WHEN copy.${column}::text = first.${column}::text THEN false
               ELSE copy.${column}::jsonb IS DISTINCT FROM first.${column}::jsonb END`;
}

/** Which of the bounds a copy came within, from 0. Not `extract`: its numeric costs a copy as much as the rest of this. */
const AGE = `width_bucket(date_part('epoch', received_at - first_processed_at),
            ARRAY[${AGE_BOUNDS_SECONDS.join(", ")}]::float8[])`;

export const JUDGE_COPIES = `
      -- A statement of its own: the one above waited for a concurrent copy to commit, but its snapshot is older.
      WITH judged AS MATERIALIZED (
        SELECT copy.*, receipt_times[width_bucket(ordinal, starts)] AS received_at,
          first.processed_at AS first_processed_at,
          copy.source <> first.source
            OR (copy."timestamp" <> first."timestamp"
                AND coalesce(copy.is_timestamp_filled, first.is_timestamp_filled, false) IS FALSE)
            OR (first.payload_expired_at IS NULL AND ${differs("payload")})
            OR ${differs("attributes")} AS is_conflict
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
        SELECT slot_number, source, ${AGE} AS age, count(*), count(*) FILTER (WHERE is_conflict)
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
      INTO dropped_count, dropped, verdicts_so_far FROM judged;`;
