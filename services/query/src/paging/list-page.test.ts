import { expect, test } from "vitest";
import { pageText } from "./list-page.ts";

test("counts its items, and gives them as the text they are", () => {
  const text = pageText({ name: "events", items: ['{"n":1.00}', '{"n":1e400}'], nextCursor: "c" });
  expect(text).toBe('{"count":2,"events":[{"n":1.00},{"n":1e400}],"next_cursor":"c"}');
});

test("says first what it is about, and null at the end", () => {
  expect(pageText({ about: { topic: "t" }, name: "events", items: [], nextCursor: undefined })).toBe(
    '{"topic":"t","count":0,"events":[],"next_cursor":null}',
  );
});
