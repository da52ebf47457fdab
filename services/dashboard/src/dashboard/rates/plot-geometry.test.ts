import { expect, test } from "vitest";
import { columnAt, HEIGHT, layOut, WIDTH } from "./plot-geometry.js";

const TIME = { now: 10_000, lengthMs: 10_000 };
const rateOf = (from: number, at: number, stored = 0, duplicates = 0) => ({ from, at, stored, duplicates });
const layOutRates = (...rates: ReturnType<typeof rateOf>[]) => layOut({ rates, starts: [] }, TIME);

test("each rate is as wide as its time, within the plot, whose right edge is now", () => {
  const { columns } = layOutRates(
    rateOf(-9_000, 0),
    rateOf(-1_000, 2_500),
    rateOf(2_500, 5_000),
    rateOf(5_000, 12_000),
  );

  expect(columns.map(({ left, right }) => [left, right])).toEqual([
    [0, WIDTH / 4],
    [WIDTH / 4, WIDTH / 2],
    [WIDTH / 2, WIDTH],
  ]);
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
  expect(layOutRates(rateOf(0, 1_000, rate)).top).toBe(top);
});

test("duplicates are stacked on the stored events, in steps", () => {
  const layout = layOutRates(rateOf(0, 5_000, 6, 4), rateOf(5_000, 10_000, 3, 2));
  expect(layout.top).toBe(10);
  // 8 of the 180 units are left free above the top of the scale.
  expect(layout.storedEdge).toBe("M0.0 76.8H320.0L320.0 128.4H640.0");
  expect(layout.storedArea).toBe("M0.0 180L0.0 76.8H320.0L320.0 128.4H640.0V180Z");
  expect(layout.duplicatesArea).toBe("M0.0 180L0.0 8.0H320.0L320.0 94.0H640.0V180Z");
});

test("a time of which nothing is known is a gap, and no slope between its ends", () => {
  const layout = layOutRates(rateOf(0, 2_500, 10), rateOf(7_500, 10_000, 10));
  expect(layout.storedEdge).toBe("M0.0 8.0H160.0M480.0 8.0H640.0");
  expect(layout.storedArea).toBe("M0.0 180L0.0 8.0H160.0V180ZM480.0 180L480.0 8.0H640.0V180Z");
});

test("the start of a service is a line over the whole height, at its time", () => {
  const starts = [-1, 5_000].map((at) => ({ at, text: "" }));
  expect(layOut({ rates: [], starts }, TIME).starts).toBe(`M320.0 0V${HEIGHT}`);
});

test("the column at a place is the one there, or the last one, and none among none", () => {
  const { columns } = layOutRates(rateOf(0, 2_500), rateOf(2_500, 5_000));
  expect([0, 159, 160, 639].map((x) => columnAt(columns, x))).toEqual([0, 0, 1, 1]);
  expect(columnAt([], 5)).toBe(-1);
});
