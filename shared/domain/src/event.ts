import { z } from "zod";
import { isPlainUtc, toUtcMicroseconds } from "./timestamp.ts";

/**
 * The vocabulary: what an event is. These schemas validate, give the types, and document (OpenAPI is generated from
 * them). `formOfEvent` is the same rule written by hand for the path every event takes; a property test holds the two equal.
 */

/** Levels of arrays and objects in a payload or an attribute, the value itself being the first. */
export const MAX_VALUE_DEPTH = 64;

const MAX_NAME_LENGTH = 255;
// C0 and DEL: what is neither printable ASCII nor beyond it. Spaces, dots, `*` and emoji are allowed.
const CONTROL_CHARACTER = /[^ -~\u0080-\uffff]/;

/** Whether a string can be a topic, an event id or a source: 1..255 code points, none of them a control character. */
export function isName(text: unknown): text is string {
  if (typeof text !== "string") return false;
  if (text.length === 0 || CONTROL_CHARACTER.test(text)) return false;
  if (text.length <= MAX_NAME_LENGTH) return true;
  return text.length <= 2 * MAX_NAME_LENGTH && [...text].length <= MAX_NAME_LENGTH;
}

const requiredString = () =>
  z.string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") });

// The same for readers of the document: JSON Schema, too, counts code points.
const NAME = { minLength: 1, maxLength: MAX_NAME_LENGTH, pattern: "^[^\\u0000-\\u001f\\u007f]*$" };

function nameSchema(description: string, example: string) {
  return requiredString()
    .refine((text) => text.length > 0, { error: "must not be empty", abort: true })
    .refine((text) => [...text].length <= MAX_NAME_LENGTH, {
      error: `must have at most ${MAX_NAME_LENGTH} characters`,
      abort: true,
    })
    .refine((text) => !CONTROL_CHARACTER.test(text), { error: "must not contain control characters" })
    .meta({ description, example, override: NAME });
}

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const Topic = nameSchema("What kind of event this is. Any text; taken as it is.", "user.login");
export const EventId = nameSchema("Names the event within its topic: the pair is its identity.", "evt-001");
export const Source = nameSchema("Who sent it.", "auth-service");

export const Timestamp = requiredString()
  .refine((text) => toUtcMicroseconds(text) !== undefined, {
    error: "must be an RFC 3339 date-time with a zone, such as 2025-10-23T10:00:00Z, in the years 0001 to 9999",
  })
  .meta({
    description:
      "When it happened: RFC 3339 with `T` and a zone. Kept in UTC with microseconds; further digits are cut off.",
    example: "2025-10-23T10:00:00Z",
    override: { format: "date-time" },
  });

export const Payload = z.custom<JsonObject>(isJsonObject, { error: "must be a JSON object" }).meta({
  description: `A JSON object, at most ${MAX_VALUE_DEPTH} levels deep. Every digit of its numbers is kept.`,
  example: { user_id: "123" },
  override: { type: "object", additionalProperties: true },
});

/** An event as a producer sends it. Fields beyond these are kept and come back under `attributes`. */
export const Event = z
  .looseObject(
    {
      topic: Topic,
      event_id: EventId,
      timestamp: Timestamp,
      source: Source,
      payload: Payload.optional(),
    },
    { error: "must be an event: a JSON object" },
  )
  .meta({ id: "Event", description: "One event. Further fields are kept and returned under `attributes`." });

export type Event = z.infer<typeof Event>;

/** How an event may travel: with the text it came in, or written anew because a store could not read that text as it is. */
export type EventForm = "as it is" | "rewritten" | "not an event";

/**
 * Judges a parsed value: `Event.safeParse` at a tenth of its cost, and whether the event's own text can be stored. It
 * cannot when there are attributes to gather or when PostgreSQL would read the timestamp as another instant.
 */
export function formOfEvent(value: unknown): EventForm {
  if (!isJsonObject(value)) return "not an event";
  const { topic, event_id, timestamp, source, payload } = value;
  const isValid =
    isName(topic) && isName(event_id) && isName(source) && (payload === undefined || isJsonObject(payload));
  if (!isValid || typeof timestamp !== "string") return "not an event";
  if (!isPlainUtc(timestamp)) return toUtcMicroseconds(timestamp) === undefined ? "not an event" : "rewritten";
  for (const field in value) if (!EVENT_FIELDS.has(field)) return "rewritten";
  return "as it is";
}

/** The fields Tidemark knows; any other is an attribute. */
const EVENT_FIELDS: ReadonlySet<string> = new Set(["topic", "event_id", "timestamp", "source", "payload"]);

/** Whether a field of an event is none that Tidemark knows. */
export function isAttribute(field: string): boolean {
  return !EVENT_FIELDS.has(field);
}
