import { expect, test } from "vitest";
import { median, medianOfEach } from "./figures.ts";

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("an empty list has no median", () => {
  expect(() => median([])).toThrow("an empty list");
});

test("medians of several measurements count a missing figure as 0", () => {
  expect(medianOfEach([{ a: 1, b: 10 }, { a: 3 }, { a: 2, b: 30 }])).toEqual({ a: 2, b: 10 });
});
