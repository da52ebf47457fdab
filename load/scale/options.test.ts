import { describe, expect, it } from "vitest";
import { InvalidArguments } from "../bench/options.ts";
import { readScaleOptions } from "./options.ts";

describe("the options of the benchmark at scale", () => {
  it("by default fill both shapes with ten million rows", () => {
    expect(readScaleOptions([])).toMatchObject({ rows: 10_000_000, shapes: ["single", "stack"] });
  });

  it.each([["--rows", "9"], ["--rows", "many"], ["--only", "both"], ["--seconds", "0"], ["--fast"]])(
    "refuse %s %s",
    (...args) => {
      expect(() => readScaleOptions(args)).toThrow(InvalidArguments);
    },
  );
});
