import { isPlainUtc, toUtcMicroseconds } from "./timestamp.ts";

/**
 * The rules of an event, written by hand because they run for every event. `event-schema.ts` says the same in schemas, and
 * property tests compare both.
 */

/** The levels of arrays and objects in a payload or an attribute. The value itself is the first level. */
export const MAX_VALUE_DEPTH = 64;

/** The number of members that an event may have at its top level, repeated ones included. */
export const MAX_EVENT_MEMBERS = 10_000;

/** In code points. */
export const MAX_NAME_LENGTH = 255;

/** The texts of faults in the fields of an event. */
export const FAULT_TEXTS = {
  missing: "is required",
  noString: "must be a string",
  empty: "must not be empty",
  tooLong: `must have at most ${MAX_NAME_LENGTH} characters`,
  controlCharacter: "must not contain control characters",
  badTimestamp: "must be an RFC 3339 date-time with a zone, such as 2025-10-23T10:00:00Z, in the years 0001 to 9999",
  noObject: "must be a JSON object",
  noEvent: "must be an event: a JSON object",
};

// C0 and DEL. Spaces, dots, `*` and emoji are allowed.
export const CONTROL_CHARACTER = /[^ -~\u0080-\uffff]/;

/** Whether a string can be a topic, an event id or a source: 1..255 code points, none of them a control character. */
export function isName(text: unknown): text is string {
  if (typeof text !== "string") return false;
  if (text.length === 0 || CONTROL_CHARACTER.test(text)) return false;
  return hasNameLength(text);
}

export function hasNameLength(text: string): boolean {
  if (text.length <= MAX_NAME_LENGTH) return true;
  return text.length <= 2 * MAX_NAME_LENGTH && [...text].length <= MAX_NAME_LENGTH;
}

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a store can read the text of an event unchanged, or the event must be rewritten. */
export type EventForm = "unchanged" | "rewritten" | "invalid";

/**
 * Validates a parsed value like `Event.safeParse`, at a tenth of its cost. An event must be rewritten if it has attributes,
 * or if PostgreSQL would read its timestamp as another instant. The value may lack its attributes.
 */
export function formOfEvent(value: unknown, hasAttributes: boolean): EventForm {
  if (!isJsonObject(value)) return "invalid";
  const { topic, event_id, timestamp, source, payload } = value;
  const isValid =
    isName(topic) && isName(event_id) && isName(source) && (payload === undefined || isJsonObject(payload));
  if (!isValid || typeof timestamp !== "string") return "invalid";
  if (!isPlainUtc(timestamp)) return toUtcMicroseconds(timestamp) === undefined ? "invalid" : "rewritten";
  return hasAttributes ? "rewritten" : "unchanged";
}

/** The fields of an event. Any other field becomes an attribute. */
export const EVENT_FIELDS: ReadonlySet<string> = new Set(["topic", "event_id", "timestamp", "source", "payload"]);
