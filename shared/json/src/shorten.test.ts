import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shorten } from "./shorten.ts";

describe("shorten", () => {
  it("a text of at most 200 characters is unchanged", () => {
    expect(shorten("x".repeat(200))).toBe("x".repeat(200));
    expect(shorten("😀".repeat(200))).toBe("😀".repeat(200));
  });

  it("a longer text is cut in the middle", () => {
    expect(shorten(`a${"x".repeat(199)}z`)).toBe(`a${"x".repeat(99)}…${"x".repeat(98)}z`);
    expect(shorten(`/${"😀".repeat(5_000)}`)).toBe(`/${"😀".repeat(99)}…${"😀".repeat(99)}`);
  });

  it("a shortened text has at most 200 characters and no half of one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 100, maxLength: 600 }), (text) => {
        const short = shorten(text);
        expect(Array.from(short).length).toBeLessThanOrEqual(200);
        expect(short.isWellFormed()).toBe(true);
      }),
    );
  });
});
