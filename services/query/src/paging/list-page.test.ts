import { expect, test } from "vitest";
import { pageText } from "./list-page.ts";

test("a page counts its items and shows each as its stored text", () => {
  const text = pageText({ name: "events", items: ['{"n":1.00}', '{"n":1e400}'], nextCursor: "c" });
  expect(text).toBe('{"count":2,"events":[{"n":1.00},{"n":1e400}],"next_cursor":"c"}');
});

test("a page begins with its topic, and its next_cursor is null at the end", () => {
  expect(pageText({ about: { topic: "t" }, name: "events", items: [], nextCursor: undefined })).toBe(
    '{"topic":"t","count":0,"events":[],"next_cursor":null}',
  );
});
