import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_RETRY_AFTER_SECONDS, retryAfterSeconds, spreadSeconds } from "./retry-after.ts";

const size = fc.double({ min: 0, max: 1e12, noNaN: true });
const rate = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }));
const luck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("is a whole number from 1 to 60, whatever the backlog and its drain", () => {
  fc.assert(
    fc.property(size, fc.option(rate, { nil: undefined }), luck, (size, perSecond, random) => {
      const seconds = retryAfterSeconds({ size, perSecond }, () => random);
      expect(Number.isInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(MAX_RETRY_AFTER_SECONDS);
    }),
  );
});

test("is never shorter for a larger backlog", () => {
  fc.assert(
    fc.property(size, size, rate, luck, (one, other, perSecond, random) => {
      const [less, more] = [Math.min(one, other), Math.max(one, other)].map((size) =>
        retryAfterSeconds({ size, perSecond }, () => random),
      );
      expect(more).toBeGreaterThanOrEqual(less as number);
    }),
  );
});

test("is never shorter for a slower drain", () => {
  fc.assert(
    fc.property(size, rate, rate, luck, (size, one, other, random) => {
      const [slow, fast] = [Math.min(one, other), Math.max(one, other)].map((perSecond) =>
        retryAfterSeconds({ size, perSecond }, () => random),
      );
      expect(slow).toBeGreaterThanOrEqual(fast as number);
    }),
  );
});

test("is the time in which a tenth drains, and up to half as long again", () => {
  const backlog = { size: 2_000_000, perSecond: 20_000 };
  expect(retryAfterSeconds(backlog, () => 0)).toBe(10);
  expect(retryAfterSeconds(backlog, () => 0.999)).toBe(15);
});

test("is the longest where nothing drains, and short where nobody knows", () => {
  expect(retryAfterSeconds({ size: 1, perSecond: 0 }, () => 0.999)).toBe(MAX_RETRY_AFTER_SECONDS);
  expect(retryAfterSeconds({ size: 1e9, perSecond: undefined }, () => 0)).toBe(2);
});

test("has clients that were refused together come back in more than one second", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), (seconds) => {
      expect(spreadSeconds(seconds, () => 0.999)).toBeGreaterThan(spreadSeconds(seconds, () => 0));
    }),
  );
});
