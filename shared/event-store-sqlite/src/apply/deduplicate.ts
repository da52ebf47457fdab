import { CONFLICT, DUPLICATE, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Refusal } from "@tidemark/event-store/refusal";
import { isSameJson } from "@tidemark/json/value";
import type { Database } from "better-sqlite3";
import { refusalOf, refusedByStore } from "../connection/errors.ts";
import {
  DUPLICATE_COLUMNS,
  EVENT_COLUMNS,
  type EventColumn,
  type EventValue,
  namesOf,
  positionOf,
} from "../schema/columns.ts";
import { type BatchTotals, sourceCounts, topicCounts } from "./batch-totals.ts";
import { createReadAge } from "./duplicate-age.ts";
import { type FrameEvent, readEvent } from "./read-events.ts";

/** Stores an event, or records it as a duplicate or conflict, and counts it. A call that throws has changed nothing. */
export type Deduplicate = (totals: BatchTotals, event: FrameEvent, receivedAt: string) => Verdicts;

export function prepareDeduplicate(database: Database): Deduplicate {
  const insertEvent = database.prepare<EventValue[]>(
    `INSERT INTO events (processed_at, ${namesOf(EVENT_COLUMNS)}) VALUES (?, ${EVENT_COLUMNS.map(() => "?")})
     ON CONFLICT (topic, event_id) DO NOTHING`,
  );
  const recordDuplicate = prepareRecordDuplicate(database);
  const readAge = createReadAge();
  return (totals, event, receivedAt) => {
    const { topic, eventId, source } = event;
    if (insertEvent.run(totals.processedAt, ...event.values).changes === 1) {
      topicCounts(totals, topic).stored++;
      return STORED;
    }
    const { isConflict, firstProcessedAt } = recordDuplicate(event, receivedAt);
    const age = readAge({ receivedAt, firstProcessedAt });
    for (const counts of [topicCounts(totals, topic), sourceCounts(totals, source, age)]) {
      counts.duplicates++;
      if (isConflict) counts.conflicts++;
    }
    if (totals.dropped.length < totals.maxNamed) totals.dropped.push({ topic, eventId, source, isConflict });
    return isConflict ? CONFLICT : DUPLICATE;
  };
}

/** Deduplicates an event by its text, or returns the refusal. A statement that fails leaves its transaction open. */
export function tryEvent(
  deduplicate: Deduplicate,
  totals: BatchTotals,
  { content, receivedAt }: { content: string; receivedAt: string },
): Verdicts | Refusal {
  try {
    return deduplicate(totals, readEvent(content), receivedAt);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

interface RecordedDuplicate {
  isConflict: boolean;
  firstProcessedAt: string;
}

/** Prepares the record of a duplicate. The row of one that conflicts with the stored event keeps the whole content. */
function prepareRecordDuplicate(database: Database): (event: FrameEvent, receivedAt: string) => RecordedDuplicate {
  const findStored = database
    .prepare<[string, string], EventValue[]>(
      `SELECT ${namesOf(EVENT_COLUMNS)}, processed_at FROM events WHERE topic = ? AND event_id = ?`,
    )
    .raw();
  const insert = database.prepare<(EventValue | number)[]>(
    `INSERT INTO duplicates (received_at, first_processed_at, is_conflict, ${namesOf(DUPLICATE_COLUMNS)})
     VALUES (?, ?, ?, ${DUPLICATE_COLUMNS.map(() => "?")})`,
  );
  const kept = DUPLICATE_COLUMNS.map(({ name, keptIn }) => ({
    position: positionOf(name),
    isAlways: keptIn === "all",
  }));
  return ({ topic, eventId, values }, receivedAt) => {
    const stored = findStored.get(topic, eventId);
    if (stored === undefined) throw new Error("an event is a duplicate, yet the first one is not there");
    const firstProcessedAt = stored[EVENT_COLUMNS.length] as string;
    const isConflict = !isSameEvent(stored, values);
    const content = kept.map(({ position, isAlways }) => (isAlways || isConflict ? (values[position] ?? null) : null));
    insert.run(receivedAt, firstProcessedAt, Number(isConflict), ...content);
    return { isConflict, firstProcessedAt };
  };
}

const IS_TIMESTAMP_FILLED = positionOf("is_timestamp_filled");

function isSameEvent(stored: EventValue[], received: EventValue[]): boolean {
  const isTimestampFilled = stored[IS_TIMESTAMP_FILLED] === 1 || received[IS_TIMESTAMP_FILLED] === 1;
  return EVENT_COLUMNS.every(
    (column, position) =>
      (column.type === "timestamp" && isTimestampFilled) ||
      isSameValue(column, stored[position] ?? null, received[position] ?? null),
  );
}

function isSameValue({ type, absent }: EventColumn, stored: EventValue, received: EventValue): boolean {
  if (type === "flag" || stored === received) return true;
  if (type !== "object") return false;
  // A payload is never absent: NULL says that it has expired, and can no longer be compared.
  if (stored === null && absent !== null) return true;
  try {
    return isSameJson(String(stored ?? "{}"), String(received ?? "{}"));
  } catch (error) {
    if (error instanceof SyntaxError) throw refusedByStore("damaged frame: a duplicate holds invalid JSON", error);
    throw error;
  }
}
