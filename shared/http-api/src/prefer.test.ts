import { describe, expect, it } from "vitest";
import { readPreferences } from "./prefer.ts";

describe("readPreferences", () => {
  it.each([
    [undefined, {}],
    ["", {}],
    ["wait=5", { waitSeconds: 5 }],
    ['Wait = "5"', { waitSeconds: 5 }],
    ["wait=5, wait=9", { waitSeconds: 5 }],
    ["respond-async, wait=10;x=y", { respondAsync: true, waitSeconds: 10 }],
    [["wait=1", "respond-async"], { respondAsync: true, waitSeconds: 1 }],
    ["wait=soon, return=minimal, wait=-1, wait=1e3", { return: "minimal" }],
    ["return=representation, handling=lenient", { return: "representation", handling: "lenient" }],
    [
      `Return="representation"; x="a,b", handling=strict, handling=lenient`,
      { return: "representation", handling: "strict" },
    ],
    [`x="a, respond-async, wait=5"`, {}],
    ["return=nothing, handling=loose", {}],
    [`x="a\\", wait=5", wait=9`, { waitSeconds: 9 }],
    [`wait=5, x="never closed, respond-async`, { waitSeconds: 5 }],
  ])("readPreferences reads %j", (header, expected) => {
    expect(readPreferences(header)).toEqual({ respondAsync: false, ...expected });
  });

  it("a header of 1 KiB is read, and a longer one is refused", () => {
    const header = `wait=5, x="${'\\"'.repeat(506)}`;
    expect(readPreferences(header.padEnd(1_024))).toMatchObject({ waitSeconds: 5 });
    expect(() => readPreferences(header.padEnd(1_025))).toThrow(
      expect.objectContaining({ status: 400, code: "bad_request" }),
    );
  });
});
