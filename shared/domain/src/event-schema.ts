import { z } from "zod";
import {
  CONTROL_CHARACTER,
  FAULT_TEXTS,
  hasNameLength,
  isJsonObject,
  type JsonObject,
  MAX_NAME_LENGTH,
  MAX_VALUE_DEPTH,
} from "./event.ts";
import { toUtcMicroseconds } from "./timestamp.ts";

/** The definition of an event. These schemas word its faults, give its type, and document it in OpenAPI. */

const requiredString = () =>
  z.string({ error: ({ input }) => (input === undefined ? FAULT_TEXTS.missing : FAULT_TEXTS.noString) });

// The OpenAPI document can state the same limit, because JSON Schema also counts code points.
const NAME = { minLength: 1, maxLength: MAX_NAME_LENGTH, pattern: "^[^\\u0000-\\u001f\\u007f]*$" };

function nameSchema(description: string, example: string) {
  return requiredString()
    .refine((text) => text.length > 0, { error: FAULT_TEXTS.empty })
    .refine(hasNameLength, { error: FAULT_TEXTS.tooLong })
    .refine((text) => !hasNameLength(text) || !CONTROL_CHARACTER.test(text), { error: FAULT_TEXTS.controlCharacter })
    .meta({ description, example, override: NAME });
}

export const Topic = nameSchema("The kind of the event. Any text; it is kept unchanged.", "user.login");
export const EventId = nameSchema("The name of the event within its topic. Both together are its identity.", "evt-001");
export const Source = nameSchema("The sender.", "auth-service");

export const Timestamp = requiredString()
  .refine((text) => toUtcMicroseconds(text) !== undefined, { error: FAULT_TEXTS.badTimestamp })
  .meta({
    description:
      "The time of the event: RFC 3339 with `T` and a zone. Kept in UTC with microseconds; further digits are cut off.",
    example: "2025-10-23T10:00:00Z",
    override: { format: "date-time" },
  });

export const Payload = z.custom<JsonObject>(isJsonObject, { error: FAULT_TEXTS.noObject }).meta({
  description: `A JSON object, at most ${MAX_VALUE_DEPTH} levels deep. Every digit of its numbers is kept.`,
  example: { user_id: "123" },
  override: { type: "object", additionalProperties: true },
});

/** An event as a producer sends it. Other fields are kept and returned under `attributes`. */
export const Event = z
  .looseObject(
    {
      topic: Topic,
      event_id: EventId,
      timestamp: Timestamp,
      source: Source,
      payload: Payload.optional(),
    },
    { error: FAULT_TEXTS.noEvent },
  )
  .meta({ id: "Event", description: "One event. Other fields are kept and returned under `attributes`." });

export type Event = z.infer<typeof Event>;
