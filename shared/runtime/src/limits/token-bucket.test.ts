import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

const anyRate = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 5_000 }) });
const anyRequests = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), amount: fc.integer({ min: 1, max: 8_000 }) }),
  { maxLength: 60 },
);

test("in no interval does a bucket give more than its burst, or one larger request, plus the inflow of the interval", () => {
  fc.assert(
    fc.property(anyRate, anyRequests, (rate, requests) => {
      const bucket = new TokenBucket();
      const taken: { atMs: number; amount: number }[] = [];
      let atMs = 0;
      for (const { afterMs, amount } of requests) {
        atMs += afterMs;
        if (bucket.take(amount, atMs, rate)) taken.push({ atMs, amount });
      }
      for (const [first, { atMs: fromMs }] of taken.entries()) {
        let sum = 0;
        let largest = rate.burst;
        for (const { atMs: toMs, amount } of taken.slice(first)) {
          sum += amount;
          largest = Math.max(largest, amount);
          expect(sum).toBeLessThanOrEqual(largest + (rate.perSecond * (toMs - fromMs)) / 1_000 + 0.1);
        }
      }
    }),
  );
});

test("a request of any size is taken as soon as its wait is over, and not earlier", () => {
  fc.assert(
    fc.property(anyRate, anyRequests, (rate, requests) => {
      const bucket = new TokenBucket();
      let nowMs = 0;
      for (const { afterMs, amount } of requests) {
        nowMs += afterMs;
        const waitMs = bucket.waitMs(amount, nowMs, rate);
        if (waitMs > 1) expect(bucket.take(amount, nowMs + waitMs - 1, rate)).toBe(false);
        nowMs += Math.ceil(waitMs);
        expect(bucket.take(amount, nowMs, rate)).toBe(true);
      }
    }),
  );
});

test("a bucket is full at first, and again after the time that it names", () => {
  const rate = { perSecond: 10, burst: 100 };
  const bucket = new TokenBucket();
  expect([bucket.available(0, rate), bucket.waitUntilFullMs(0)]).toEqual([100, 0]);
  bucket.take(130, 0, rate);
  expect([bucket.available(0, rate), bucket.waitUntilFullMs(0)]).toEqual([-30, 13_000]);
  expect(bucket.available(13_000, rate)).toBe(100);
});
