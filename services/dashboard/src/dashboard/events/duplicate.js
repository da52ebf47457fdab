/** @import { Members } from "../text/json-text.js" */
import { span, zonedTime } from "../text/format.js";
import { stringOf, textOf } from "../text/json-text.js";

/**
 * Describes a duplicate by its source and by how long after the stored event it arrived.
 *
 * @param {Members} duplicate
 */
export function describeArrival(duplicate) {
  const later = span(Number(textOf(duplicate, "age_seconds")));
  const source = textOf(duplicate, "source") === "null" ? "a source that was erased" : stringOf(duplicate, "source");
  return `from ${source}, ${later} later, ${zonedTime(stringOf(duplicate, "received_at"))}`;
}
