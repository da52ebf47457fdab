import { Unavailable, type UnavailableCode } from "@tidemark/domain/errors";
import { expect, test } from "vitest";
import { jitterRetryAfter } from "./retry-after.ts";

const CODES: UnavailableCode[] = [
  "log_full",
  "queue_full",
  "log_unreachable",
  "store_unreachable",
  "outcome_unknown",
  "overloaded",
  "not_ready",
];

test.each(CODES)("Retry-After of %s is a whole number from 1 to 60, and not the same for all clients", (code) => {
  const { retryAfterSeconds } = new Unavailable({ code, detail: "" });
  const [least, most] = [0, 0.999].map((luck) => jitterRetryAfter(retryAfterSeconds, () => luck)) as [number, number];
  expect([Number.isInteger(least), Number.isInteger(most)]).toEqual([true, true]);
  expect(least).toBeGreaterThanOrEqual(1);
  expect(most).toBeGreaterThan(least);
  expect(most).toBeLessThanOrEqual(60);
});

test("Retry-After is the seconds given and up to half as many more, in whole seconds and at most 60", () => {
  expect(jitterRetryAfter(30, () => 0)).toBe(30);
  expect(jitterRetryAfter(30, () => 0.999)).toBe(45);
  expect(jitterRetryAfter(2.5, () => 0)).toBe(3);
  expect(jitterRetryAfter(59, () => 0.999)).toBe(60);
});
