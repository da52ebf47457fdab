import { expect, test } from "vitest";
import { HEIGHT, layOut, nearestTo, WIDTH } from "./plot-geometry.js";

const TIME = { now: 10_000, keptMs: 10_000 };
const rateAt = (at: number, stored = 0, duplicates = 0) => ({ at, stored, duplicates });

test("the right edge of the plot is now, and its left edge the oldest time that is kept", () => {
  const xs = layOut([rateAt(0), rateAt(5_000), rateAt(10_000)], TIME).points.map(({ x }) => x);
  expect(xs).toEqual([0, WIDTH / 2, WIDTH]);
});

test.each([
  [0, 1],
  [1, 1],
  [1.2, 1.5],
  [10, 10],
  [31, 50],
  [76, 100],
  [999, 1_000],
])("the scale of rates up to %d ends at the round number %d", (rate, top) => {
  expect(layOut([rateAt(1_000, rate)], TIME).top).toBe(top);
});

test("duplicates are stacked on the stored events", () => {
  const layout = layOut([rateAt(5_000, 6, 4), rateAt(10_000, 3, 2)], TIME);
  expect(layout.top).toBe(10);
  // 8 of the 180 units are left free above the top of the scale.
  expect(layout.storedEdge).toBe("M320.0 76.8L640.0 128.4");
  expect(layout.storedArea).toBe("M320 180L320.0 76.8L640.0 128.4L640 180Z");
  expect(layout.duplicatesArea).toBe("M320 180L320.0 8.0L640.0 94.0L640 180Z");
});

test("a single rate draws no line, only the base of the plot", () => {
  const { storedEdge, storedArea, grid } = layOut([rateAt(1_000, 5)], TIME);
  expect([storedEdge, storedArea, grid]).toEqual(["", "", `M0 ${HEIGHT}H${WIDTH}`]);
});

test("the nearest point is found on either side, and none among none", () => {
  const points = [10, 20, 40].map((x) => ({ x, rate: rateAt(x) }));
  expect([0, 14, 15, 16, 99].map((x) => nearestTo(points, x)?.x)).toEqual([10, 10, 10, 20, 40]);
  expect(nearestTo([], 5)).toBeUndefined();
});
