import { describe, expect, it } from "vitest";
import { isStorableNumber } from "./number.ts";

describe("isStorableNumber", () => {
  it.each(["0", "-0", "0e999999", "1e131071", "9e131071", "1e-16383", "0.1e131072", "10e131070"])(
    "isStorableNumber accepts %s",
    (text) => {
      expect(isStorableNumber(text)).toBe(true);
    },
  );

  it.each(["1e131072", "10e131071", "1e-16384", "1.0e-16383", "0e-16384", "0e2000000000", "1e99999999999999999999"])(
    "isStorableNumber refuses %s",
    (text) => {
      expect(isStorableNumber(text)).toBe(false);
    },
  );
});
