import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidInput } from "../errors.ts";
import { readEvents } from "./sqlite-event-reader.ts";
import { readItem, readItems } from "./sqlite-frame-items.ts";

const event = fc
  .record({
    topic: fc.string(),
    event_id: fc.string(),
    source: fc.string(),
    payload: fc.dictionary(fc.string(), fc.jsonValue()),
  })
  .map((fields) => JSON.stringify({ ...fields, timestamp: "2025-10-23T10:00:00Z" }));
const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);

test("takes a frame apart into the events it would have been read as", () => {
  fc.assert(
    fc.property(fc.array(event), space, (events, around) => {
      const text = Buffer.from(`${around}[${around}${events.join(`${around},${around}`)}${around}]${around}`);

      const items = readItems(text, events.length);

      expect(items.map(({ content }) => content)).toEqual(events);
      expect(items.map(({ content }) => readItem(content))).toEqual(readEvents(text));
      expect(items.map(({ topic }) => topic)).toEqual(readEvents(text).map(({ topic }) => topic));
    }),
  );
});

test("takes any values apart, and knows the topics of those that have one", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const items = readItems(Buffer.from(JSON.stringify(values)), values.length);

      expect(items.map(({ content }) => content)).toEqual(values.map((value) => JSON.stringify(value)));
    }),
  );
  const texts = ['{"topic":"a","topic":"b"}', '{"top\\u0069c":"c"}', '{"topic":1}', '["topic"]', "null"];
  const topics = readItems(Buffer.from(`[${texts.join(",")}]`), texts.length).map(({ topic }) => topic);
  expect(topics).toEqual(["b", "c", undefined, undefined, undefined]);
});

test.each([
  ["is not UTF-8", Buffer.from('["\u00e9"]', "latin1"), 1],
  ["is not JSON", Buffer.from("[{]"), 1],
  ["is no array", Buffer.from("{}"), 1],
  ["holds fewer", Buffer.from("[1]"), 2],
  ["holds more", Buffer.from("[1,2]"), 1],
])("refuses a text that %s", (_name, text, declared) => {
  expect(() => readItems(text, declared)).toThrow(InvalidInput);
});

test.each(["1", "[]", "{}", '{"topic":"t"}'])("refuses %s as an event", (content) => {
  expect(() => readItem(content)).toThrow(InvalidInput);
});
