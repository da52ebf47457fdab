/** @import { Members } from "../text/json-text.js" */
import { localTime, span } from "../text/format.js";
import { stringOf, textOf } from "../text/json-text.js";

/**
 * Describes a duplicate by its source and by how long after the stored event it arrived.
 *
 * @param {Members} duplicate
 */
export function describeArrival(duplicate) {
  const later = span(Number(textOf(duplicate, "age_seconds")));
  return `from ${stringOf(duplicate, "source")}, ${later} later, ${localTime(stringOf(duplicate, "received_at"))}`;
}
