import type { ConflictFields } from "@tidemark/domain/verdict";
import { EVENT_COLUMNS, type EventColumn, type EventValue, positionOf } from "../schema/columns.ts";
import { hashObject, type StoredEvent } from "./stored-event.ts";

/** The hashes of the objects of small events that were compared, by event and column. */
export type ComparedHashes = Map<string, Buffer>;

const IS_TIMESTAMP_FILLED = positionOf("is_timestamp_filled");

/**
 * Creates the function that tells whether a duplicate has the same values as the stored event in these fields. The source must
 * be one of them: a row of `duplicates` without a conflict has no source of its own, so an erasure would not find it.
 *
 * An erased event has no content to compare, and every duplicate counts as the same.
 * Texts and timestamps are compared character by character, and objects as JSON by their hashes. The cost is therefore
 * proportional to the duplicate's own bytes: the stored object is hashed at most once for each event and batch, and the
 * object of a large event was hashed when it was stored.
 */
export function createIsSameEvent(fields: ConflictFields) {
  const compared = fields.map((name) => {
    const position = positionOf(name);
    return { ...(EVENT_COLUMNS[position] as EventColumn), position };
  });
  return (hashes: ComparedHashes, stored: StoredEvent, received: EventValue[]): boolean => {
    if (stored.isErased) return true;
    const isTimestampFilled = stored.values[IS_TIMESTAMP_FILLED] === 1 || received[IS_TIMESTAMP_FILLED] === 1;
    return compared.every(({ type, absent, position }) => {
      const [first, second] = [stored.values[position] ?? null, received[position] ?? null];
      if (first === second || (type === "timestamp" && isTimestampFilled)) return true;
      if (type !== "object") return false;
      // A payload is never absent. NULL means that it has expired and can no longer be compared.
      if (first === null && absent !== null) return true;
      return storedHash(hashes, stored, position).equals(hashObject(second));
    });
  };
}

function storedHash(hashes: ComparedHashes, { id, values, hashes: known }: StoredEvent, position: number): Buffer {
  const ofLarge = known?.get(position);
  if (ofLarge !== undefined) return ofLarge;
  const key = `${id}/${position}`;
  const hash = hashes.get(key) ?? hashObject(values[position] ?? null);
  hashes.set(key, hash);
  return hash;
}
