import { expect, onTestFinished, test, vi } from "vitest";
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

test("a search that failed is not one without a result, until the next one", async () => {
  const read = ({ contains }: Page) =>
    contains === "x" ? Promise.reject(new Error("away")) : Promise.resolve(answer([], null));
  const found = createFoundTopics({ read, changed: () => {} });

  await expect.poll(() => found.of("x").hasFailed).toBe(true);
  expect(found.of("y").hasFailed).toBe(false);
  await expect.poll(() => found.of("y")).toMatchObject({ isReading: false, hasFailed: false });
});

test.each([
  { list: "of one page is read again after ten seconds", pages: 1, reads: 2 },
  { list: "of two pages is not, because it would become shorter", pages: 2, reads: 2 },
])("a list $list", async ({ pages, reads }) => {
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ["Date"] });
  let asked = 0;
  const read = async ({ cursor }: Page) => {
    asked++;
    return cursor === undefined ? answer(["a"], pages === 1 ? null : "2") : answer(["b"], null);
  };
  const found = createFoundTopics({ read, changed: () => {} });
  const names = () => found.of("").topics.map(({ topic }) => topic);
  await expect.poll(names).toEqual(["a"]);
  found.more();
  const whole = pages === 1 ? ["a"] : ["a", "b"];
  await expect.poll(names).toEqual(whole);

  vi.setSystemTime(Date.now() + 10_001);
  found.of("");
  await expect.poll(() => found.of("").isReading).toBe(false);
  expect(names()).toEqual(whole);
  expect(asked).toBe(reads);
});
