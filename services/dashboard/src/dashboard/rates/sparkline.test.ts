import { expect, test } from "vitest";
import { sparkPath } from "./sparkline.js";

test("a sparkline spans its width, and its highest sum its height", () => {
  expect(sparkPath([0, 5, 10])).toBe("M0.0 22.0L50.0 12.0L100.0 2.0");
});

test("a sparkline of fewer than two sums, or of zeros, is flat", () => {
  expect(sparkPath([7])).toBe("M0 22H100");
  expect(sparkPath([0, 0])).toBe("M0.0 22.0L100.0 22.0");
});
