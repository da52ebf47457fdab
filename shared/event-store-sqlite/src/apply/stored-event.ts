import { canonicalHash } from "@tidemark/json/canonical";
import type { Database } from "better-sqlite3";
import { EVENT_COLUMNS, type EventColumn, type EventValue, namesOf, positionOf } from "../schema/columns.ts";
import type { FrameEvent } from "./read-events.ts";

/** The parts of the stored event that the comparison with a duplicate needs. */
export interface StoredEvent {
  id: number;
  processedAt: string;
  isErased: boolean;
  /** Whether the payload is stored, and neither expired nor erased. */
  hasPayload: boolean;
  /** One value for each of `EVENT_COLUMNS`. An object of a large event is "", because it is not read. */
  values: EventValue[];
  /** The hashes of the objects of a large event, by their position in `EVENT_COLUMNS`. */
  hashes?: Map<number, Buffer>;
}

/**
 * The size of payload and attributes together up to which a comparison reads them from the file. A larger event has a
 * row in `large_events`. The insert counts characters and the comparison counts bytes, because each already has that
 * count.
 */
const MAX_READ_SIZE = 4_096;

const OBJECTS = EVENT_COLUMNS.filter(({ type }) => type === "object");
const OBJECT_POSITIONS = OBJECTS.map(({ name }) => positionOf(name));
const PAYLOAD = positionOf("payload");
const IS_TIMESTAMP_FILLED = positionOf("is_timestamp_filled");

/** Returns the hash of an object. An absent object has the hash of an empty one. */
export function hashObject(value: EventValue): Buffer {
  return canonicalHash(String(value ?? "{}"));
}

/** Whether the event needs a row in `large_events`. */
export function isLarge({ values }: Pick<FrameEvent, "values">): boolean {
  let characters = 0;
  for (const position of OBJECT_POSITIONS) characters += ((values[position] as string | null) ?? "").length;
  return characters > MAX_READ_SIZE;
}

/** Prepares the row of `large_events` for an event that was stored. */
export function prepareDescribeLarge(database: Database) {
  const insert = database.prepare<unknown[]>(
    `INSERT INTO large_events (id, processed_at, is_timestamp_filled, ${HASHES})
     VALUES (?, ?, ?, ${OBJECTS.map(() => "?")})`,
  );
  return (id: number | bigint, processedAt: string, values: EventValue[]): void => {
    const hashes = OBJECT_POSITIONS.map((position) => hashObject(values[position] ?? null));
    insert.run(id, processedAt, values[IS_TIMESTAMP_FILLED] ?? null, ...hashes);
  };
}

const HASHES = OBJECTS.map(({ name }) => `${name}_hash`).join(", ");

/**
 * Prepares the look-up of the event that a duplicate is compared with. Its cost does not depend on the size of that
 * event: `octet_length` reads only the header of a row, and no column behind the payload of a large event is read.
 */
export function prepareFindStored(database: Database): (topic: string, eventId: string) => StoredEvent | undefined {
  const find = database
    .prepare<[string, string], [number, string | null, string | null, ...EventValue[]]>(
      `SELECT id, ${ifSmall("processed_at")}, ${ifSmall("erased_at")}, ${EVENT_COLUMNS.map(readColumn)} FROM events WHERE topic = ? AND event_id = ?`,
    )
    .raw();
  const completeLarge = prepareCompleteLarge(database);
  return (topic, eventId) => {
    const row = find.get(topic, eventId);
    if (row === undefined) return undefined;
    const [id, processedAt, erasedAt, ...values] = row;
    if (processedAt === null) return completeLarge(id, values);
    return { id, processedAt, isErased: erasedAt !== null, hasPayload: values[PAYLOAD] !== null, values };
  };
}

const IS_SMALL = `${OBJECTS.map(({ name }) => `coalesce(octet_length(${name}), 0)`).join(" + ")} <= ${MAX_READ_SIZE}`;

function ifSmall(name: string): string {
  return `CASE WHEN ${IS_SMALL} THEN ${name} END`;
}

function readColumn({ name, type }: EventColumn): string {
  if (type === "object") return `CASE WHEN ${IS_SMALL} THEN ${name} WHEN octet_length(${name}) IS NOT NULL THEN '' END`;
  return type === "flag" ? ifSmall(name) : name;
}

/** Prepares the reading of the row in `large_events`. Adds that row for an event of an earlier version of the schema. */
function prepareCompleteLarge(database: Database): (id: number, values: EventValue[]) => StoredEvent {
  const findLarge = database
    .prepare<[number], [string, 1 | null, ...Buffer[]]>(
      `SELECT processed_at, is_timestamp_filled, ${HASHES} FROM large_events WHERE id = ?`,
    )
    .raw();
  const findWhole = database
    .prepare<[number], [string, ...EventValue[]]>(
      `SELECT processed_at, ${namesOf(EVENT_COLUMNS)} FROM events WHERE id = ?`,
    )
    .raw();
  const describeLarge = prepareDescribeLarge(database);
  const complete = (id: number, values: EventValue[]): StoredEvent => {
    const large = findLarge.get(id);
    if (large === undefined) {
      const [processedAt, ...whole] = findWhole.get(id) as [string, ...EventValue[]];
      describeLarge(id, processedAt, whole);
      return complete(id, values);
    }
    const [processedAt, isTimestampFilled, ...hashes] = large;
    const filled = values.with(IS_TIMESTAMP_FILLED, isTimestampFilled);
    return {
      id,
      processedAt,
      isErased: false, // an erased event is small
      hasPayload: values[PAYLOAD] !== null,
      values: filled,
      hashes: new Map(hashes.map((hash, index) => [OBJECT_POSITIONS[index] as number, hash])),
    };
  };
  return complete;
}
