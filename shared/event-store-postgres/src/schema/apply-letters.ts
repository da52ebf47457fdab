import { UNREAD_TOPIC } from "@tidemark/event-store/refusal";

/** The statements of `apply_frames_1` for what the store refused before: dead letters, decided by postgres-isolation.ts. */

/** The ordinals that are nothing but a place; letters of frames that the ledger knows are forgotten. */
export const FIND_BURIED = `
      SELECT array_agg(ordinal ORDER BY ordinal) INTO buried
      FROM unnest(letter_frames, letter_ordinals) AS letter (frame, ordinal)
      WHERE is_new[frame] AND ordinal IS NOT NULL;`;

export const BURY_LETTERS = `
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
        SELECT slot_number, coalesce(topic, '${UNREAD_TOPIC}') COLLATE "C" AS topic_or_none, sum(events), processed
        FROM letter GROUP BY topic_or_none ORDER BY topic_or_none
        ON CONFLICT (slot, topic) DO UPDATE SET dead = books.dead + excluded.dead,
          last_processed_at = greatest(books.last_processed_at, excluded.last_processed_at)
      )
      SELECT coalesce(sum(events), 0) INTO dead_count FROM letter;`;
