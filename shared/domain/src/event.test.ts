import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formOfEvent } from "./event.ts";
import { Event } from "./event-schema.ts";
import { isPlainUtc } from "./timestamp.ts";

const valid = {
  topic: "user.login",
  event_id: "evt-001",
  timestamp: "2025-10-23T10:00:00Z",
  source: "auth",
  payload: {},
};

describe("formOfEvent", () => {
  it("formOfEvent accepts and refuses the same values as the zod schema", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.constantFrom(
        "a",
        "",
        "\u0000",
        "\u007f",
        "\u0085",
        "a".repeat(255),
        "a".repeat(256),
        "😀".repeat(255),
        "😀".repeat(256),
      ),
      fc.jsonValue(),
    );
    const timestamp = fc.oneof(
      fc.constantFrom(
        "2025-10-23T10:00:00Z",
        "2025-10-23T10:00:00.1234567+02:00",
        "2025-02-29T00:00:00Z",
        "now",
        5,
        null,
      ),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    const payload = fc.oneof(
      fc.object(),
      fc.constantFrom(null, [], {}, "x", { constructor: 1, __proto__: null }),
      fc.jsonValue(),
    );
    const record = fc.record(
      { topic: name, event_id: name, timestamp, source: name, payload, extra: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(record, fc.jsonValue()), (value) => {
        const parsed = JSON.parse(JSON.stringify(value)) as unknown;
        expect(formOfEvent(parsed, false) !== "invalid").toBe(Event.safeParse(parsed).success);
      }),
      { numRuns: 2_000 },
    );
  });

  it("an event without attributes keeps its text", () => {
    expect(formOfEvent(valid, false)).toBe("unchanged");
    expect(formOfEvent({ ...valid, payload: undefined }, false)).toBe("unchanged");
  });

  it("an event with attributes or another time zone is rewritten", () => {
    expect(formOfEvent(valid, true)).toBe("rewritten");
    expect(formOfEvent({ ...valid, timestamp: "2025-10-23T10:00:00+00:00" }, false)).toBe("rewritten");
    expect(isPlainUtc(valid.timestamp)).toBe(true);
  });

  it.each([
    ["payload null", { ...valid, payload: null }],
    ["payload array", { ...valid, payload: [] }],
    ["no topic", { ...valid, topic: undefined }],
    ["a number for a source", { ...valid, source: 5 }],
    ["a tab in an id", { ...valid, event_id: "a\tb" }],
  ])("formOfEvent refuses %s", (_what, value) => expect(formOfEvent(value, false)).toBe("invalid"));

  it.each(["a b", "a.b.*.>", "ünï/cödé", "😀".repeat(255), "\u0085", " "])("%j is a valid name", (topic) => {
    expect(formOfEvent({ ...valid, topic }, false)).toBe("unchanged");
  });
});
