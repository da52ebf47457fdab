import fc from "fast-check";
import { expect, test } from "vitest";
import { DrainRate } from "./drain-rate.ts";

test("knows nothing before the first measurement", () => {
  expect(new DrainRate().perSecond).toBeUndefined();
});

test("of a steady drain is that drain, however it is cut into pieces", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000 }), pieces, (perMs, busyMs) => {
      const rate = new DrainRate();
      for (const ms of busyMs) rate.drained(perMs * ms, ms);
      expect(rate.perSecond).toBeCloseTo(perMs * 1_000, 3);
    }),
  );
});

test("follows a change, and soon", () => {
  const rate = new DrainRate();
  for (let second = 0; second < 60; second++) rate.drained(1_000, 1_000);
  for (let second = 0; second < 15; second++) rate.drained(100, 1_000);
  expect(rate.perSecond).toBeGreaterThan(100);
  expect(rate.perSecond).toBeLessThan(200);
});

test("falls while nothing drains, and never below zero", () => {
  const rate = new DrainRate();
  rate.drained(1_000, 100);
  rate.drained(0, 60_000);
  expect(rate.perSecond).toBeGreaterThanOrEqual(0);
  expect(rate.perSecond).toBeLessThan(1);
});
