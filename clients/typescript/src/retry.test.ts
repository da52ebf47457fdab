import { expect, test } from "vitest";
import { backoffMs, pause, readRetryAfter } from "./retry.ts";

const NOW = Date.UTC(2025, 9, 23, 10, 0, 0);

test.each([
  ["3", 3_000],
  ["0", 0],
  ["Thu, 23 Oct 2025 10:00:07 GMT", 7_000],
  ["Thu, 23 Oct 2025 09:00:00 GMT", 0],
  ["86400", 86_400_000],
  ["soon", 0],
  [null, 0],
])("Retry-After %s is %i ms", (header, ms) => {
  expect(readRetryAfter(header, NOW)).toBe(ms);
});

const backoff = { firstDelayMs: 100, longestDelayMs: 10_000 };

test("the wait doubles up to the longest, half of it random", () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0, backoff, () => 1))).toEqual([100, 200, 400, 10_000]);
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0, backoff, () => 0))).toEqual([50, 100, 200, 5_000]);
});

test("the wait is never shorter than Retry-After", () => {
  expect(backoffMs(1, 5_000, backoff, () => 0)).toBe(5_000);
});

test("a wait ends with any of its signals", async () => {
  const stop = new AbortController();
  const waiting = pause(3_600_000, undefined, new AbortController().signal, stop.signal);
  stop.abort();

  expect(await waiting).toBe(false);
  expect(await pause(0, stop.signal)).toBe(false);
  expect(await pause(0, undefined)).toBe(true);
});
