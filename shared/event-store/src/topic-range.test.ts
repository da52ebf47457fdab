import { expect, test } from "vitest";
import { topicRange } from "./topic-range.ts";

test.each([
  ["orders.", "orders/"],
  ["a", "b"],
  ["~", "\u007f"],
  ["ÿ", "Ā"],
  ["\ud7ff", "\ue000"],
  ["\uffff", "\u{10000}"],
  ["a\u{10ffff}", "b"],
])("the range of %s ends before %s", (prefix, before) => {
  expect(topicRange(prefix)).toEqual({ from: prefix, before });
});

test("a topic is in the range of a prefix exactly if it begins with it", () => {
  const characters = ["a", "b", ".", "/", "é", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}"];
  const texts = characters.flatMap((first) => [first, ...characters.map((second) => first + second)]);
  const isBefore = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
  for (const prefix of texts) {
    const { from, before } = topicRange(prefix);
    const inRange = texts.filter((topic) => !isBefore(topic, from) && isBefore(topic, before));
    expect(inRange, prefix).toEqual(texts.filter((topic) => topic.startsWith(prefix)));
  }
});
