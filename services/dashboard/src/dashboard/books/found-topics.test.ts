import { expect, test } from "vitest";
import { createFoundTopics } from "./found-topics.js";
import { makeTopic } from "./observation-fixture.ts";

type Page = Parameters<Parameters<typeof createFoundTopics>[0]["read"]>[0];

const answer = (names: string[], next_cursor: string | null) => ({
  count: names.length,
  topics: names.map((topic) => makeTopic({ topic })),
  next_cursor,
});

/** Searches in three pages, the first of which is empty. */
function searching() {
  const asked: Page[] = [];
  const pages = { first: answer([], "2"), 2: answer(["a", "b"], "3"), 3: answer(["c"], null) };
  const read = async (page: Page) => {
    asked.push(page);
    return pages[(page.cursor ?? "first") as keyof typeof pages];
  };
  return { asked, found: createFoundTopics({ read, changed: () => {} }) };
}

test("a search goes on over empty pages, and further pages come when they are asked for", async () => {
  const { found } = searching();
  const names = () => found.of("x").topics.map(({ topic }) => topic);

  await expect.poll(names).toEqual(["a", "b"]);
  expect(found.of("x")).toMatchObject({ hasMore: true, isReading: false });
  found.more();
  await expect.poll(names).toEqual(["a", "b", "c"]);
  expect(found.of("x").hasMore).toBe(false);
});

test("the answer to an earlier text is dropped", async () => {
  const { asked, found } = searching();
  found.of("x");
  found.of("y");

  await expect.poll(() => found.of("y").isReading).toBe(false);
  expect(asked.map(({ contains }) => contains)).toEqual(["x", "y", "y"]);
});
