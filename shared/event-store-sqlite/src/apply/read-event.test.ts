import { InvalidInput } from "@tidemark/domain/errors";
import { readItems } from "@tidemark/event-store/frame-items";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readEvent, readEvents } from "./read-events.ts";

const event = fc
  .record({
    topic: fc.string({ minLength: 1 }),
    event_id: fc.string(),
    source: fc.string(),
    payload: fc.dictionary(fc.string(), fc.jsonValue()),
  })
  .map((fields) => JSON.stringify({ ...fields, timestamp: "2025-10-23T10:00:00Z" }));
const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);

test("an item read alone is the same event as in the whole frame", () => {
  fc.assert(
    fc.property(fc.array(event), space, (events, around) => {
      const text = Buffer.from(`${around}[${around}${events.join(`${around},${around}`)}${around}]${around}`);

      const items = readItems(text, events.length);

      expect(items.map(({ content }) => content)).toEqual(events);
      expect(items.map(({ content }) => readEvent(content))).toEqual(readEvents(text));
      expect(items.map(({ topic }) => topic)).toEqual(readEvents(text).map(({ topic }) => topic));
    }),
  );
});

test.each(["1", "[]", "{}", '{"topic":"t"}'])("an item of a frame that is %s is refused", (content) => {
  expect(() => readEvent(content)).toThrow(InvalidInput);
});
