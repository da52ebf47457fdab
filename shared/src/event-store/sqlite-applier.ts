import type { Database } from "better-sqlite3";
import { isSameJson } from "../json-value.ts";
import { CONFLICT, DUPLICATE, STORED, type Verdicts } from "../verdict.ts";
import type { Applied, AppliedFrame, DroppedCopy } from "./event-store.ts";
import { refusedByStore } from "./sqlite-errors.ts";
import { type FrameEvent, readEvents } from "./sqlite-event-reader.ts";

/** What crosses to the writer's thread: frames, and their events' texts one after another in `bytes`. */
export interface ApplyCall {
  frames: PackedFrame[];
  bytes: Uint8Array;
  maxNamed: number;
}

export interface PackedFrame {
  id: string;
  incarnation: string;
  sequence: number;
  receivedAtMs: number;
  /** How many events it declares. */
  events: number;
  /** Where its text stands in `bytes`. */
  start: number;
  end: number;
}

interface StoredContent {
  source: string;
  timestamp: string;
  payload: string | null;
  attributes: string | null;
  processed_at: string;
}

interface TopicCounts {
  unique: number;
  duplicates: number;
  conflicts: number;
}

/** What one call gathers on its way through the frames. */
interface Pass {
  processedAt: string;
  maxNamed: number;
  dropped: DroppedCopy[];
  topics: Map<string, TopicCounts>;
}

/**
 * Prepares the transaction of `EventStore.apply`, to be called for each batch. Plain prepared statements: a query builder
 * would have nothing to build here, and costs more for a row than SQLite does.
 */
export function prepareApply(database: Database): (call: ApplyCall) => Applied {
  const statements = prepareStatements(database);
  const apply = database.transaction(({ frames, bytes, maxNamed }: ApplyCall): Applied => {
    const pass: Pass = { processedAt: sixDigits(Date.now()), maxNamed, dropped: [], topics: new Map() };
    const applied = frames.map((frame) => applyFrame(statements, pass, frame, bytes));
    for (const [topic, { unique, duplicates, conflicts }] of pass.topics) {
      statements.addToTopic.run(topic, unique, duplicates, conflicts, pass.processedAt);
    }
    return { frames: applied, dropped: pass.dropped };
  });
  return apply.immediate;
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Database) {
  return {
    findVerdicts: database.prepare<[string], { verdicts: Verdicts }>("SELECT verdicts FROM frames WHERE frame_id = ?"),
    insertFrame: database.prepare<[string, string, number, number, Verdicts, string]>(
      "INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, processed_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    insertEvent: database.prepare<[string, string, string, string, string, string | null, string]>(
      `INSERT INTO events (topic, event_id, timestamp, source, payload, attributes, processed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, event_id) DO NOTHING`,
    ),
    findContent: database.prepare<[string, string], StoredContent>(
      "SELECT source, timestamp, payload, attributes, processed_at FROM events WHERE topic = ? AND event_id = ?",
    ),
    insertDuplicate: database.prepare<
      [string, string, string, string, string, number, string | null, string | null, string | null]
    >(
      `INSERT INTO duplicates
         (topic, event_id, source, received_at, first_processed_at, is_conflict, timestamp, payload, attributes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addToTopic: database.prepare<[string, number, number, number, string]>(
      `INSERT INTO topics (topic, unique_events, duplicates, conflicts, dead_lettered, last_processed_at)
       VALUES (?, ?, ?, ?, 0, ?)
       ON CONFLICT (topic) DO UPDATE SET
         unique_events = unique_events + excluded.unique_events,
         duplicates = duplicates + excluded.duplicates,
         conflicts = conflicts + excluded.conflicts,
         last_processed_at = max(last_processed_at, excluded.last_processed_at)`,
    ),
  };
}

function applyFrame(statements: Statements, pass: Pass, frame: PackedFrame, bytes: Uint8Array): AppliedFrame {
  // The second of two in one call finds the row of the first: same transaction.
  const known = statements.findVerdicts.get(frame.id);
  if (known !== undefined) return { frameId: frame.id, isNew: false, verdicts: known.verdicts };
  const events = readEvents(Buffer.from(bytes.buffer, bytes.byteOffset + frame.start, frame.end - frame.start));
  if (events.length !== frame.events) {
    throw refusedByStore(`damaged frame: ${frame.id} declares ${frame.events} events and holds ${events.length}`);
  }
  let verdicts: Verdicts = "";
  for (const event of events) verdicts += applyEvent(statements, pass, frame, event);
  const { id, incarnation, sequence } = frame;
  statements.insertFrame.run(id, incarnation, sequence, events.length, verdicts, pass.processedAt);
  return { frameId: id, isNew: true, verdicts };
}

function applyEvent(statements: Statements, pass: Pass, frame: PackedFrame, event: FrameEvent): Verdicts {
  const { topic, eventId, timestamp, source, payload, attributes } = event;
  const counts = countsOf(pass, topic);
  const { changes } = statements.insertEvent.run(
    topic,
    eventId,
    timestamp,
    source,
    payload,
    attributes,
    pass.processedAt,
  );
  if (changes === 1) {
    counts.unique++;
    return STORED;
  }
  const isConflict = recordDuplicate(statements, frame, event);
  counts.duplicates++;
  if (isConflict) counts.conflicts++;
  if (pass.dropped.length < pass.maxNamed) pass.dropped.push({ topic, eventId, source, isConflict });
  return isConflict ? CONFLICT : DUPLICATE;
}

function countsOf(pass: Pass, topic: string): TopicCounts {
  let counts = pass.topics.get(topic);
  if (counts === undefined) {
    counts = { unique: 0, duplicates: 0, conflicts: 0 };
    pass.topics.set(topic, counts);
  }
  return counts;
}

/** Whether the copy differed from what is stored; if so it is kept in full. */
function recordDuplicate(statements: Statements, frame: PackedFrame, event: FrameEvent): boolean {
  const { topic, eventId, timestamp, source, payload, attributes } = event;
  const stored = statements.findContent.get(topic, eventId);
  if (stored === undefined) throw new Error("a copy was dropped, yet the first one is not there");
  const isConflict = !isSameContent(stored, event);
  statements.insertDuplicate.run(
    topic,
    eventId,
    source,
    sixDigits(frame.receivedAtMs),
    stored.processed_at,
    Number(isConflict),
    isConflict ? timestamp : null,
    isConflict ? payload : null,
    isConflict ? attributes : null,
  );
  return isConflict;
}

function isSameContent(stored: StoredContent, copy: FrameEvent): boolean {
  try {
    return (
      stored.source === copy.source &&
      stored.timestamp === copy.timestamp &&
      // A payload that has expired cannot be compared any more.
      (stored.payload === null || isSameJson(stored.payload, copy.payload)) &&
      isSameJson(stored.attributes ?? "{}", copy.attributes ?? "{}")
    );
  } catch (error) {
    if (error instanceof SyntaxError) throw refusedByStore("damaged frame: a copy holds what is not JSON", error);
    throw error;
  }
}

function sixDigits(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}
