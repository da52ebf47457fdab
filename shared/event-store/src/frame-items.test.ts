import { InvalidInput } from "@tidemark/domain/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readItems } from "./frame-items.ts";

test("splits any values, and finds the topics of those that have one", () => {
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
  ["NUL", "a\\u0000"],
  ["half a surrogate pair", "\\ud800"],
  ["nothing", ""],
  ["more characters than a topic may have", "a".repeat(256)],
])("finds no topic that is %s", (_name, topic) => {
  expect(readItems(Buffer.from(`[{"topic":"${topic}"}]`), 1)).toMatchObject([{ topic: undefined }]);
});

test.each([
  ["is not UTF-8", Buffer.from('["\u00e9"]', "latin1"), 1],
  ["is not JSON", Buffer.from("[{]"), 1],
  ["is not an array", Buffer.from("{}"), 1],
  ["holds fewer", Buffer.from("[1]"), 2],
  ["holds more", Buffer.from("[1,2]"), 1],
])("refuses a text that %s", (_name, text, declared) => {
  expect(() => readItems(text, declared)).toThrow(InvalidInput);
});
