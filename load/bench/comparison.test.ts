import { expect, test } from "vitest";
import { formatComparison } from "./comparison.ts";
import { RECORDED, Recorder } from "./recorder.ts";

const LOAD = { eventsPerRequest: 100, connections: 32 };

function recordOf(committedPerSecond: number, processorTime: number): Recorder {
  const recorder = new Recorder();
  recorder.add(RECORDED.load("single", LOAD), { committedPerSecond, "cpu single": processorTime, p50: 2 });
  return recorder;
}

test("the comparison divides the figures of this commit by those of the other one", () => {
  const input = { date: new Date(), command: "npm run bench", machine: [], rounds: 1, loads: [LOAD] };
  const recorder = recordOf(30_000, 20);
  recorder.add(RECORDED.lone("single"), { p99: 1 }); // the other commit was not measured with it
  const comparison = formatComparison({ ...input, recorder, against: "43a838b", other: recordOf(20_000, 25) });
  expect(comparison).toContain("Against 43a838b");
  const [, , ...rows] = comparison.split("\n").filter((line) => line.startsWith("|"));
  expect(rows.map((row) => row.split("|").map((cell) => cell.trim()))).toEqual([
    ["", "single, 100 × 32", "1.50", "–", "0.80", "1.00", "–", "–", ""],
  ]);
});
