import { expect, test } from "vitest";
import { runFaults } from "./run.ts";
import { drawSteps } from "./schedule/schedule.ts";

const DURATION_MS = 90_000;
const TIMEOUT_MS = 600_000;

test.for([
  { shape: "single", seed: 11 },
  { shape: "single", seed: 12 },
  { shape: "stack", seed: 11 },
  { shape: "stack", seed: 12 },
] as const)(
  "$shape keeps every promise through a minute and a half of faults, seed $seed",
  { timeout: TIMEOUT_MS },
  async ({ shape, seed }) => {
    const { results, tally } = await runFaults({
      shape,
      seed,
      steps: drawSteps({ seed, shape, durationMs: DURATION_MS }),
      durationMs: DURATION_MS,
      load: { rate: 400, maxBatch: 24 },
    });

    expect(results.filter(({ violations }) => violations > 0)).toEqual([]);
    expect(tally.countCopies("ok")).toBeGreaterThan(0);
  },
);
