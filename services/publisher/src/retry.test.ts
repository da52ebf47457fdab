import { expect, test } from "vitest";
import { backoffMs, readRetryAfter } from "./retry.ts";

const NOW = Date.UTC(2025, 9, 23, 10, 0, 0);

test.each([
  ["3", 3_000],
  ["0", 0],
  ["Thu, 23 Oct 2025 10:00:07 GMT", 7_000],
  ["Thu, 23 Oct 2025 09:00:00 GMT", 0],
  ["86400", 60_000],
  ["soon", 0],
  [null, 0],
])("Retry-After %s is %i ms", (header, ms) => {
  expect(readRetryAfter(header, NOW)).toBe(ms);
});

test("the wait doubles up to ten seconds, half of it random", () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0, () => 1))).toEqual([100, 200, 400, 10_000]);
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0, () => 0))).toEqual([50, 100, 200, 5_000]);
});

test("the wait is never shorter than asked for", () => {
  expect(backoffMs(1, 5_000, () => 0)).toBe(5_000);
});
