import { expect, test } from "vitest";
import type { Shape } from "./deck.ts";
import { drawPlan, type Step } from "./plan.ts";
import { runFaults } from "./run.ts";

const TIMEOUT_MS = 180_000;
const DURATION_MS = 10_000;

/** Short, and with what a stack fears most: a consumer that dies with commits it could not acknowledge. */
const STEPS: Record<Shape, Step[]> = {
  single: drawPlan({ seed: 1, shape: "single", durationMs: DURATION_MS }),
  stack: [
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
    const { judgements, tally } = await runFaults({
      shape,
      seed: 1,
      steps: STEPS[shape],
      durationMs: DURATION_MS,
      load: { rate: 300, maxBatch: 24 },
    });
    expect(judgements.filter(({ broken }) => broken > 0)).toEqual([]);
    expect(tally.countCopies("ok")).toBeGreaterThan(0);
    expect(tally.countCopies("unknown")).toBeGreaterThan(0);
  },
);
