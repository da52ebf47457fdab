import { CONFLICT, type ConflictFields, DUPLICATE, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { refusalOf } from "../connection/errors.ts";
import { DUPLICATE_COLUMNS, EVENT_COLUMNS, type EventValue, namesOf, positionOf } from "../schema/columns.ts";
import { type BatchTotals, sourceCounts, topicCounts } from "./batch-totals.ts";
import { createIsSameEvent } from "./compare.ts";
import { createReadAge } from "./duplicate-age.ts";
import { type FrameEvent, readEvent } from "./read-events.ts";
import { isLarge, prepareDescribeLarge, prepareFindStored } from "./stored-event.ts";

export interface DeduplicateOptions {
  /** The number of conflicts of one event that are kept in full. */
  maxConflictsKept: number;
  /** The fields whose difference makes a duplicate a conflict. */
  conflictFields: ConflictFields;
}

/** Stores an event or records it as a duplicate or conflict, and counts it. A call that throws has changed nothing. */
export type Deduplicate = (totals: BatchTotals, event: FrameEvent, receivedAt: string) => Verdicts;

export function prepareDeduplicate(database: Database, options: DeduplicateOptions): Deduplicate {
  const insertEvent = database.prepare<EventValue[]>(
    `INSERT INTO events (processed_at, ${namesOf(EVENT_COLUMNS)}) VALUES (?, ${EVENT_COLUMNS.map(() => "?")})
     ON CONFLICT (topic, event_id) DO NOTHING`,
  );
  const describeLarge = prepareDescribeLarge(database);
  const recordDuplicate = prepareRecordDuplicate(database, options);
  const readAge = createReadAge();
  return (totals, event, receivedAt) => {
    const { topic, eventId, source } = event;
    const { changes, lastInsertRowid } = insertEvent.run(totals.processedAt, ...event.values);
    if (changes === 1) {
      if (isLarge(event)) describeLarge(lastInsertRowid, totals.processedAt, event.values);
      topicCounts(totals, topic).stored++;
      return STORED;
    }
    const { isConflict, firstProcessedAt } = recordDuplicate(totals, event, receivedAt);
    const age = readAge({ receivedAt, firstProcessedAt });
    const ofSource = sourceCounts(totals, source);
    ofSource.ages[age] = (ofSource.ages[age] ?? 0) + 1;
    for (const counts of [topicCounts(totals, topic), ofSource]) {
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

/**
 * Prepares the insertion of a duplicate. The row of a conflict keeps the whole content, unless the payload of the
 * stored event is gone or the event already has `maxConflictsKept` of them. An empty source means that the source is
 * the same as that of the stored event.
 */
function prepareRecordDuplicate(
  database: Database,
  { maxConflictsKept, conflictFields }: DeduplicateOptions,
): (totals: BatchTotals, event: FrameEvent, receivedAt: string) => RecordedDuplicate {
  const findStored = prepareFindStored(database);
  const isSameEvent = createIsSameEvent(conflictFields);
  const insert = database.prepare<(EventValue | number)[]>(
    `INSERT INTO duplicates (received_at, first_processed_at, is_conflict, ${namesOf(DUPLICATE_COLUMNS)})
     VALUES (?, ?, ?, ${DUPLICATE_COLUMNS.map(() => "?")})`,
  );
  // This reads at most as many index entries as conflicts are kept, even if there are many more conflicts.
  const findLastKept = database.prepare<[string, string, number]>(
    "SELECT 1 FROM duplicates WHERE topic = ? AND event_id = ? AND payload IS NOT NULL LIMIT 1 OFFSET ?",
  );
  const isFull = (topic: string, eventId: string) =>
    maxConflictsKept === 0 || findLastKept.get(topic, eventId, maxConflictsKept - 1) !== undefined;
  const columns = DUPLICATE_COLUMNS.map(({ name, keptIn }) => ({
    position: positionOf(name),
    isContent: keptIn === "conflicts",
    isSource: name === "source",
  }));
  return ({ comparedHashes }, { topic, eventId, values }, receivedAt) => {
    const stored = findStored(topic, eventId);
    if (stored === undefined) throw new Error("an event is a duplicate, but the stored event is missing");
    const firstProcessedAt = stored.processedAt;
    const isConflict = !isSameEvent(comparedHashes, stored, values);
    const isKept = isConflict && stored.hasPayload && !isFull(topic, eventId);
    const row = columns.map(({ position, isContent, isSource }): EventValue => {
      if (isSource && !isConflict) return "";
      return isContent && !isKept ? null : (values[position] ?? null);
    });
    insert.run(receivedAt, firstProcessedAt, Number(isConflict), ...row);
    return { isConflict, firstProcessedAt };
  };
}
