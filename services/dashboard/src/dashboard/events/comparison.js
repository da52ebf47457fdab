import { isSameScalar, leaves, members, textOf } from "../text/json-text.js";

const COMPARED = ["source", "timestamp", "payload", "attributes"];

/**
 * A value of two events by its path. The JSON text of a value is undefined if the event does not have it.
 *
 * @typedef {{ path: string, stored: string | undefined, duplicate: string | undefined, isSame: boolean }} ComparedValue
 */

/**
 * Compares a stored event and a duplicate of it, both as JSON texts. The values that differ come first.
 *
 * @param {string} stored
 * @param {string} duplicate
 * @returns {ComparedValue[]}
 */
export function compareEvents(stored, duplicate) {
  const [before, after] = [valuesOf(stored), valuesOf(duplicate)];
  const compared = [...new Set([...before.keys(), ...after.keys()])].map((path) => ({
    path,
    stored: before.get(path),
    duplicate: after.get(path),
    isSame: isSameScalar(before.get(path), after.get(path)),
  }));
  return compared.toSorted((one, other) => Number(one.isSame) - Number(other.isSame));
}

/** @param {string} json */
function valuesOf(json) {
  const event = members(json);
  return new Map(COMPARED.filter((name) => event.has(name)).flatMap((name) => leaves(textOf(event, name), name)));
}
