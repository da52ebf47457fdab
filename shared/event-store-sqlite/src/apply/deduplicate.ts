import { CONFLICT, DUPLICATE, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Refusal } from "@tidemark/event-store/refusal";
import { isSameJson } from "@tidemark/json/value";
import type { Database } from "better-sqlite3";
import { refusalOf, refusedByStore } from "../connection/errors.ts";
import { copiesOf, countsOf, type Pass } from "./batch-totals.ts";
import { createReadAge } from "./duplicate-age.ts";
import { readItem } from "./frame-items.ts";
import type { FrameEvent } from "./read-events.ts";

/** Stores an event or records it as a copy, and counts it. What it throws has changed nothing. */
export type Judge = (pass: Pass, event: FrameEvent, receivedAt: string) => Verdicts;

interface StoredContent {
  source: string;
  timestamp: string;
  payload: string | null;
  attributes: string | null;
  is_timestamp_filled: 1 | null;
  processed_at: string;
}

export function prepareJudge(database: Database): Judge {
  const insertEvent = database.prepare<[string, string, string, string, string, string | null, 1 | null, string]>(
    `INSERT INTO events (topic, event_id, timestamp, source, payload, attributes, is_timestamp_filled, processed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, event_id) DO NOTHING`,
  );
  const recordDuplicate = prepareDuplicates(database);
  const readAge = createReadAge();
  return (pass, event, receivedAt) => {
    const { topic, eventId, timestamp, source, payload, attributes } = event;
    const isFilled = event.isTimestampFilled ? 1 : null;
    const { processedAt } = pass;
    const { changes } = insertEvent.run(topic, eventId, timestamp, source, payload, attributes, isFilled, processedAt);
    if (changes === 1) {
      countsOf(pass, topic).stored++;
      return STORED;
    }
    const { isConflict, firstProcessedAt } = recordDuplicate(event, receivedAt);
    for (const counts of [countsOf(pass, topic), copiesOf(pass, source, readAge({ receivedAt, firstProcessedAt }))]) {
      counts.duplicates++;
      if (isConflict) counts.conflicts++;
    }
    if (pass.dropped.length < pass.maxNamed) pass.dropped.push({ topic, eventId, source, isConflict });
    return isConflict ? CONFLICT : DUPLICATE;
  };
}

/** Judges an item of a frame by its text, or says why it is refused; a failed statement leaves its transaction going. */
export function tryItem(judge: Judge, pass: Pass, content: string, receivedAt: string): Verdicts | Refusal {
  try {
    return judge(pass, readItem(content), receivedAt);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

interface RecordedCopy {
  isConflict: boolean;
  firstProcessedAt: string;
}

/** Records a copy and says whether it differed from what is stored; if so it is kept in full. */
function prepareDuplicates(database: Database): (event: FrameEvent, receivedAt: string) => RecordedCopy {
  const findContent = database.prepare<[string, string], StoredContent>(
    `SELECT source, timestamp, payload, attributes, is_timestamp_filled, processed_at
     FROM events WHERE topic = ? AND event_id = ?`,
  );
  const insertDuplicate = database.prepare<
    [string, string, string, string, string, number, string | null, string | null, string | null]
  >(
    `INSERT INTO duplicates
       (topic, event_id, source, received_at, first_processed_at, is_conflict, timestamp, payload, attributes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (event, receivedAt) => {
    const { topic, eventId, timestamp, source, payload, attributes } = event;
    const stored = findContent.get(topic, eventId);
    if (stored === undefined) throw new Error("a copy was dropped, yet the first one is not there");
    const isConflict = !isSameContent(stored, event);
    insertDuplicate.run(
      topic,
      eventId,
      source,
      receivedAt,
      stored.processed_at,
      Number(isConflict),
      isConflict ? timestamp : null,
      isConflict ? payload : null,
      isConflict ? attributes : null,
    );
    return { isConflict, firstProcessedAt: stored.processed_at };
  };
}

function isSameContent(stored: StoredContent, copy: FrameEvent): boolean {
  try {
    return (
      stored.source === copy.source &&
      (stored.timestamp === copy.timestamp || stored.is_timestamp_filled === 1 || copy.isTimestampFilled) &&
      // A payload that has expired cannot be compared any more.
      (stored.payload === null || isSameJson(stored.payload, copy.payload)) &&
      isSameJson(stored.attributes ?? "{}", copy.attributes ?? "{}")
    );
  } catch (error) {
    if (error instanceof SyntaxError) throw refusedByStore("damaged frame: a copy holds what is not JSON", error);
    throw error;
  }
}
