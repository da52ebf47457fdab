import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { CloudEvent } from "./cloud-event.ts";
import type { Fault } from "./errors.ts";
import { findCloudEventFaults, findEventFaults } from "./event-faults.ts";
import { Event } from "./event-schema.ts";

const anything = fc.oneof(fc.constantFrom(undefined, null, true, 0, "", "x", [], {}), fc.jsonValue({ maxDepth: 1 }));
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }),
  fc.constantFrom("a", "\u0000", "a\tb", "\u007f", "\u0085", "a".repeat(255), "a".repeat(256), `\n${"a".repeat(256)}`),
  fc.constantFrom("😀".repeat(255), "😀".repeat(256)),
  anything,
);
const timestamp = fc.oneof(
  fc.constantFrom("2025-10-23T10:00:00Z", "2025-10-23T10:00:00.1234567+02:00", "2025-02-29T00:00:00Z", "now"),
  fc.date().map((date) => (Number.isNaN(date.getTime()) ? null : date.toISOString())),
  anything,
);
const base64 = fc.oneof(fc.base64String(), fc.constantFrom("AQI", "AQ==", "AR==", "*"), anything);

const eventFields = { topic: name, event_id: name, timestamp, source: name, payload: anything, other: anything };
const cloudEventFields = {
  specversion: fc.oneof(fc.constantFrom("1.0", "1.1"), anything),
  type: name,
  id: name,
  source: name,
  time: timestamp,
  subject: anything,
  datacontenttype: anything,
  dataschema: anything,
  data: anything,
  data_base64: base64,
  other: anything,
};

function schemaFaults(schema: z.ZodType, value: unknown): Fault[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map(({ path, message }) => ({
    pointer: path.map((key) => `/${String(key)}`).join(""),
    detail: message,
  }));
}

describe.each([
  { what: "an event", schema: Event, find: findEventFaults, fields: eventFields },
  { what: "a CloudEvent", schema: CloudEvent, find: findCloudEventFaults, fields: cloudEventFields },
])("the faults of $what", ({ schema, find, fields }) => {
  it("the faults are those of the schema, in its order and with its texts", () => {
    const objects = fc.record(fields as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: objects }, anything), (value) => {
        expect(find(value)).toEqual(schemaFaults(schema, value));
      }),
      { numRuns: 2_000 },
    );
  });
});
