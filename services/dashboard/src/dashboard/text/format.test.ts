import { expect, test } from "vitest";
import { ago, bytes, clock, count, localTime, plural, rate, share, shortTime, span } from "./format.js";

test("a count has separators, and an unknown count is a question mark", () => {
  expect([count(1_234_567), count(0), count(null)]).toEqual(["1,234,567", "0", "?"]);
});

test("a noun is singular after 1 only", () => {
  expect([plural(1, "topic"), plural(0, "topic"), plural(2, "copy", "copies")]).toEqual([
    "1 topic",
    "0 topics",
    "2 copies",
  ]);
});

test("a rate has a decimal below 100 per second", () => {
  expect([rate(0.25), rate(99.94), rate(1_234.5)]).toEqual(["0.3/s", "99.9/s", "1,235/s"]);
});

test("a share is a percentage with one decimal, and a dash of nothing", () => {
  expect([share(1, 8), share(1, 1), share(0, 0)]).toEqual(["12.5%", "100.0%", "–"]);
});

test.each([
  [0, "0 s"],
  [0.0001, "1 ms"],
  [0.34, "340 ms"],
  [59.99, "59.9 s"],
  [90, "1.5 min"],
  [3_600, "1 h"],
  [172_800, "2 d"],
  [null, "?"],
])("a duration of %s seconds is %s", (seconds, text) => {
  expect(span(seconds)).toBe(text);
});

test("a time in the future, of a clock that is ahead, is 0 s ago", () => {
  const instant = "2025-10-23T10:00:00.000Z";
  expect(ago(instant, Date.parse(instant) + 61_000)).toBe("1 min ago");
  expect(ago(instant, Date.parse(instant) - 5_000)).toBe("0 s ago");
});

test("an instant of today is shown without its date", () => {
  const noon = new Date(2025, 9, 23, 12, 0, 0);
  const nextDay = new Date(2025, 9, 24, 12, 0, 0);
  expect(localTime(noon.toISOString())).toBe("2025-10-23 12:00:00");
  expect(clock(noon.toISOString())).toBe("12:00:00");
  expect(shortTime(noon.toISOString(), noon.getTime())).toBe("12:00:00");
  expect(shortTime(noon.toISOString(), nextDay.getTime())).toBe("2025-10-23 12:00:00");
});

test("a text that is not an instant is shown as it is", () => {
  expect(localTime("someday")).toBe("someday");
});

test("a size has a decimal unit", () => {
  expect([bytes(0), bytes(512), bytes(1_500), bytes(40_000_000_000), bytes(5e15)]).toEqual([
    "0 B",
    "512 B",
    "1.5 kB",
    "40 GB",
    "5,000 TB",
  ]);
});
