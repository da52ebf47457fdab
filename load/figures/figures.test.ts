import { describe, expect, it } from "vitest";
import { formatNumber, formatRatio, median, medianOfEach } from "./figures.ts";
import { formatTable } from "./table.ts";

describe("median", () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("of nothing is an error", () => {
    expect(() => median([])).toThrow("nothing");
  });

  it("of each figure, one that is missing counts as 0", () => {
    expect(medianOfEach([{ a: 1, b: 10 }, { a: 3 }, { a: 2, b: 30 }])).toEqual({ a: 2, b: 10 });
  });
});

describe("figures", () => {
  it.each([
    [12_345.6, "12,346"],
    [99.44, "99.4"],
    [1.234, "1.23"],
    [0, "0"],
    [Number.NaN, "–"],
  ])("%d is written %s", (value, expected) => {
    expect(formatNumber(value)).toBe(expected);
  });

  it("a ratio has two digits, or none where its ceiling is missing", () => {
    expect(formatRatio(1, 3)).toBe("0.33");
    expect(formatRatio(1, undefined)).toBe("–");
    expect(formatRatio(1, 0)).toBe("–");
  });
});

describe("a table", () => {
  it("lines up, in markdown", () => {
    expect(
      formatTable(
        ["shape", "events/s"],
        [
          ["stack", "1,234"],
          ["single", "9"],
        ],
      ),
    ).toBe(
      ["| shape  | events/s |", "|--------|---------:|", "| stack  |    1,234 |", "| single |        9 |"].join("\n"),
    );
  });

  it("with a row too short has empty cells", () => {
    expect(
      formatTable(["one", "two"], [["a"]])
        .split("\n")
        .at(-1),
    ).toBe("| a   |     |");
  });
});
