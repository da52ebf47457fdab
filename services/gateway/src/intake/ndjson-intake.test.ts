import type { InvalidInput } from "@tidemark/domain/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonIntake } from "./json-intake.ts";
import { readNdjsonIntake } from "./ndjson-intake.ts";

const options = { maxBatchEvents: 5 };
const event = (fields: object = {}) =>
  JSON.stringify({ topic: "t", event_id: "1", timestamp: "2025-10-23T10:00:00Z", source: "s", ...fields });

function refusal(lines: string[]): InvalidInput {
  try {
    readNdjsonIntake(Buffer.from(lines.join("\n")), options);
  } catch (error) {
    return error as InvalidInput;
  }
  throw new Error("the body was taken");
}

describe("readNdjsonIntake", () => {
  it("NDJSON gives the same events as a JSON array of its lines", () => {
    const fields = fc.record(
      { payload: fc.dictionary(fc.string(), fc.jsonValue()), "é, [": fc.jsonValue() },
      { requiredKeys: [] },
    );
    const end = fc.constantFrom("\n", "\r\n", "\n\n", " \t\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(fields, end), { minLength: 1, maxLength: 5 }), (lines) => {
        const body = lines.map(([line, ending]) => event(line) + ending).join("");
        const array = `[${lines.map(([line]) => event(line)).join(",")}]`;

        const { count, events } = readNdjsonIntake(Buffer.from(body), options);

        const asArray = readJsonIntake(Buffer.from(array), options);
        expect([count, JSON.parse(`[${events}]`)]).toEqual([asArray.count, JSON.parse(`[${asArray.events}]`)]);
      }),
    );
  });

  it("NDJSON keeps every digit, and needs no line feed at the end", () => {
    const line = event({ payload: {} }).replace("{}", '{"n":12345678901234567890}');
    expect(String(readNdjsonIntake(Buffer.from(line), options).events)).toBe(line);
  });

  it("faults of NDJSON name the line, and blank lines count", () => {
    const { status, code, faults } = refusal([event(), "", event(), event({ topic: "", source: 1 })]);
    expect([status, code]).toEqual([422, "invalid_event"]);
    expect(faults.map(({ pointer, line }) => [pointer, line])).toEqual([
      ["/3/topic", 4],
      ["/3/source", 4],
    ]);
  });

  it.each([
    ["half of an event", [event().slice(0, 10), event()]],
    ["two events", [`${event()},${event()}`]],
    ["an event over two lines", [event().slice(0, 30), event().slice(30)]],
    ["text that is an event only together with the line before", [`${event()},{"topic":`, `"t"}`]],
    ["nothing but half a string and half a million brackets", ['"', "[".repeat(500_000)]],
  ])("NDJSON with a line of %s is refused", (_name, lines) => {
    const { status, code, faults } = refusal(lines);
    expect([status, code, faults[0]?.line]).toEqual([400, "malformed_json", 1]);
  });

  it("lenient NDJSON accepts the valid lines and lists the others", () => {
    const body = [event(), "{", event({ event_id: "" }), "[".repeat(5_000), event({ event_id: "2" })].join("\n");
    const intake = readNdjsonIntake(Buffer.from(body), { ...options, isLenient: true, wantsEntries: true });
    expect(intake.count).toBe(2);
    expect(intake.rejected?.map(({ index, pointer, line }) => [index, pointer, line])).toEqual([
      [1, "/1", 2],
      [2, "/2/event_id", 3],
      [3, "/3", 4],
    ]);
    expect(intake.entries?.map(({ eventId }) => eventId)).toEqual(["1", null, null, null, "2"]);
  });

  it.each([
    ["empty_batch", ""],
    ["empty_batch", " \n\r\n"],
    ["batch_too_large", `${event()}\n`.repeat(6)],
    ["batch_too_large", "1\n".repeat(1_000_000)],
  ])("NDJSON is refused with %s", (code, body) => {
    expect(refusal([body])).toMatchObject({ status: 422, code });
  });
});
