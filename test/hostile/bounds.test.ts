import { expect, test } from "vitest";
import { excessesOf } from "./bounds.ts";
import type { Cost } from "./measure.ts";

const MEBIBYTE = 1024 * 1024;

function costOf(changes: Partial<Cost> = {}): Cost {
  const bytes = { bytesIn: 8 * MEBIBYTE, readBytes: 8 * MEBIBYTE, bytesOut: 300, peakBytes: 0, largestBytes: 0 };
  return { statuses: new Map([[200, 1]]), ...bytes, cpuSeconds: 0.5, blockedMs: 0, isStuck: false, ...changes };
}

test.each<[string, Partial<Cost>, number | undefined, string[]]>([
  ["a small answer", {}, undefined, []],
  ["a large answer to a large request", { bytesOut: 2 * MEBIBYTE }, undefined, ["bytesOut"]],
  ["a large answer that the case justifies", { bytesOut: 2 * MEBIBYTE }, 64, []],
  ["more processor time than ordinary events", { cpuSeconds: 3 }, undefined, ["cpuSeconds"]],
  ["more memory than ten times the bytes", { peakBytes: 209 * MEBIBYTE }, undefined, ["peakBytes"]],
])("%s is within the bounds, or exceeds the expected one", (_name, cost, answerBytesPerByte, exceeded) => {
  const excesses = excessesOf(costOf(cost), { reference: costOf(), answerBytesPerByte });

  expect(excesses.map((excess) => excess.split(" ")[0])).toEqual(exceeded);
});
