import { expect, test } from "vitest";
import { makeTopic } from "./observation-fixture.ts";
import { isTopicOrder, sortTopics } from "./topic-order.js";

const TOPICS = [
  makeTopic({ topic: "b", received: 10, duplicate_dropped: 1, last_processed_at: "2025-10-23T12:00:00.000000Z" }),
  makeTopic({ topic: "c", received: 0, last_processed_at: "2025-10-23T11:00:00.000000Z" }),
  makeTopic({ topic: "a", received: 2, duplicate_dropped: 1, last_processed_at: "2025-10-23T10:00:00.000000Z" }),
];

test.each([
  ["received", "bac"],
  ["share", "abc"],
  ["name", "abc"],
  ["last", "bca"],
] as const)("topics in the order %s are %s", (order, names) => {
  expect(
    sortTopics(TOPICS, order)
      .map(({ topic }) => topic)
      .join(""),
  ).toBe(names);
});

test("only the names of orders are orders", () => {
  expect(["name", "size", "toString"].map(isTopicOrder)).toEqual([true, false, false]);
});
