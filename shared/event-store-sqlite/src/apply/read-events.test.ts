import { InvalidInput } from "@tidemark/domain/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EVENT_COLUMNS, type EventValue } from "../schema/columns.ts";
import { readEvents } from "./read-events.ts";

const TIMESTAMP = "2025-10-23T10:00:00.5Z";

/** Writes a string as JSON, in one of its possible spellings. */
const quoted = (text: string, isEscaped: boolean): string =>
  isEscaped
    ? `"${[...text.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`
    : JSON.stringify(text);

const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const name = fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.isWellFormed());
const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
const spelled = (key: string, value: fc.Arbitrary<string>) =>
  fc.tuple(fc.boolean(), space, space, value, space).map(([isEscaped, before, between, text, after]) => {
    return `${before}${quoted(key, isEscaped)}${between}:${between}${text}${after}`;
  });
const anyName = fc.tuple(name, fc.boolean()).map(([text, isEscaped]) => quoted(text, isEscaped));

/** The text of an event: all fields in any order, any of them repeated. */
const eventText = fc
  .tuple(
    spelled("topic", anyName),
    spelled("event_id", anyName),
    spelled("source", anyName),
    spelled("timestamp", fc.constant(JSON.stringify(TIMESTAMP))),
    fc.array(
      fc.oneof(
        spelled("payload", object),
        spelled("attributes", object),
        spelled("topic", anyName),
        spelled("is_timestamp_filled", fc.constantFrom("true", "false")),
      ),
    ),
  )
  .chain(([topic, id, source, timestamp, more]) => {
    const members = [topic, id, source, timestamp, ...more];
    return fc.shuffledSubarray(members, { minLength: members.length });
  })
  .map((members) => `{${members.join(",")}}`);

const frameText = fc
  .tuple(fc.array(fc.tuple(eventText, space)), space)
  .map(([events, around]) => `${around}[${around}${events.map(([event, after]) => event + after).join(",")}]${around}`);

/** Reads the events of a frame as rows of `events`. */
function readRows(text: string): Record<string, EventValue | undefined>[] {
  return readEvents(Buffer.from(text)).map(({ values }) =>
    Object.fromEntries(EVENT_COLUMNS.map(({ name }, position) => [name, values[position]])),
  );
}

test("the reader of frames reads what JSON.parse reads", () => {
  fc.assert(
    fc.property(frameText, (text) => {
      const read = readRows(text).map(({ payload, attributes, ...row }) => ({
        ...row,
        payload: JSON.parse(String(payload)) as unknown,
        attributes: attributes === null ? null : (JSON.parse(String(attributes)) as unknown),
      }));

      const parsed = JSON.parse(text) as Record<string, unknown>[];
      expect(read).toEqual(
        parsed.map(({ payload = {}, attributes = null, is_timestamp_filled, ...names }) => ({
          ...names,
          timestamp: "2025-10-23T10:00:00.500000Z",
          payload,
          attributes,
          is_timestamp_filled: is_timestamp_filled === true ? 1 : null,
        })),
      );
    }),
  );
});

test("the reader of frames takes the last value of a repeated key", () => {
  const fields = `"topic":"t","event_id":"1","source":"s","timestamp":"${TIMESTAMP}","payload":{}`;
  for (const first of ['"topic":5', '"event_id":[{"a":"]"}]', '"timestamp":null', '"source":-1.5e3', '"payload":"x"']) {
    expect(readRows(`[{${first} ,${fields}}]`), first).toMatchObject([{ topic: "t", payload: "{}" }]);
    expect(() => readEvents(Buffer.from(`[{${fields}, ${first}}]`)), first).toThrow(InvalidInput);
  }
});

test("the reader of frames refuses a text that ends early", () => {
  fc.assert(
    fc.property(frameText, fc.nat(), (text, cut) => {
      const whole = Buffer.from(text.trim());

      expect(() => readEvents(whole.subarray(0, cut % whole.length))).toThrow(InvalidInput);
    }),
  );
});

test.each([
  ["another field", { topic: "t", event_id: "e", source: "s", timestamp: TIMESTAMP, region: "eu" }],
  ["no source", { topic: "t", event_id: "e", timestamp: TIMESTAMP }],
  ["a number for a name", { topic: 1, event_id: "e", source: "s", timestamp: TIMESTAMP }],
  ["an invalid timestamp", { topic: "t", event_id: "e", source: "s", timestamp: "2025-02-29T00:00:00Z" }],
  ["an array for a payload", { topic: "t", event_id: "e", source: "s", timestamp: TIMESTAMP, payload: [] }],
])("the reader of frames refuses an event with %s", (_name, event) => {
  expect(() => readEvents(Buffer.from(JSON.stringify([event])))).toThrow(InvalidInput);
});
