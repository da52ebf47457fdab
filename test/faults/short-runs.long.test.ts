import { expect, test } from "vitest";
import { runFaults } from "./run.ts";
import type { Shape } from "./schedule/fault-deck.ts";
import { drawSteps, type Fault, type Step } from "./schedule/schedule.ts";

const TIMEOUT_MS = 180_000;
const DURATION_MS = 10_000;

const LARGE_CONFLICTS: Fault = { kind: "large conflicts", target: "client", holdMs: 0 };

/** A short schedule with the most dangerous fault of a stack: a consumer dies after commits that it could not acknowledge. */
const STEPS: Record<Shape, Step[]> = {
  single: [
    { gapMs: 0, faults: [LARGE_CONFLICTS] },
    ...drawSteps({ seed: 1, shape: "single", durationMs: DURATION_MS }),
  ],
  stack: [
    { gapMs: 500, faults: [LARGE_CONFLICTS, { kind: "slow event", target: "client", holdMs: 0, afterMs: 500 }] },
    { gapMs: 1_000, faults: [{ kind: "redelivery", target: "consumer-1", holdMs: 1_000 }] },
    {
      gapMs: 500,
      faults: [
        { kind: "kill", target: "nats", holdMs: 500 },
        { kind: "kill", target: "gateway-1", holdMs: 200, afterMs: 200 },
      ],
    },
    { gapMs: 500, faults: [{ kind: "kill", target: "postgres", holdMs: 500 }] },
  ],
};

test.for(["single", "stack"] as const)(
  "%s keeps every promise while its processes die",
  { timeout: TIMEOUT_MS },
  async (shape) => {
    const { results, tally, observations } = await runFaults({
      shape,
      seed: 1,
      steps: STEPS[shape],
      durationMs: DURATION_MS,
      load: { rate: 300, maxBatch: 24 },
      logMaxBytes: 8_000_000, // room for a large event
    });
    expect(results.filter(({ violations }) => violations > 0)).toEqual([]);
    expect(observations.stats.conflicts).toBeGreaterThanOrEqual(300);
    expect(observations.stats.dead_lettered).toBe(shape === "stack" ? 1 : 0);
    expect(tally.countCopies("ok")).toBeGreaterThan(0);
    expect(tally.countCopies("unknown")).toBeGreaterThan(0);
  },
);
