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
  ])("readPreferences reads %j", (header, expected) => {
    expect(readPreferences(header)).toEqual({ respondAsync: false, ...expected });
  });
});
