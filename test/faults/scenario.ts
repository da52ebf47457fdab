import type { Shape } from "./deck.ts";
import type { Demands } from "./evidence.ts";
import { drawPlan, type Step } from "./plan.ts";

export const SCENARIOS = ["drawn", "outage", "redelivery"] as const;

type ScenarioName = (typeof SCENARIOS)[number];

/** What happens in a run, and what is asked of it beyond the promises. */
export interface Scenario extends Demands {
  name: ScenarioName;
  shape: Shape;
  steps: Step[];
  /** How long the load goes on at least. */
  durationMs: number;
  load: Load;
  /** Of the stack's log; small where it is missing, for it to fill within a fault. */
  logMaxBytes?: number;
}

export interface Load {
  /** Events a second, about; Infinity: each producer sends as soon as it has its answer. */
  rate: number;
  /** Events in a request, at most. */
  maxBatch: number;
}

const AMPLE_LOG_BYTES = 4 * 1024 ** 3;
const MAX_BATCH = 24;
const OUTAGE_MS = 60_000;
/** Six times the patience of the log, after which it delivers again. */
const LOST_ACKS_MS = 120_000;

export interface ScenarioOptions {
  scenario: ScenarioName;
  shape: Shape;
  seed: number;
  minutes: number;
  rate: number;
}

/** Faults drawn from the seed, or one of the shows that need no seed. */
export function createScenario({ scenario: name, shape, seed, minutes, rate }: ScenarioOptions): Scenario {
  if (name === "outage") {
    return {
      name,
      shape: "stack",
      steps: [{ gapMs: 15_000, faults: [{ kind: "away", target: "postgres", holdMs: OUTAGE_MS }] }],
      durationMs: 15_000 + OUTAGE_MS + 20_000,
      load: { rate: Infinity, maxBatch: 100 },
      logMaxBytes: AMPLE_LOG_BYTES,
      mustAnswerAll: true,
    };
  }
  if (name === "redelivery") {
    // Small requests make many frames, and it is frames that are delivered.
    return {
      name,
      shape: "stack",
      steps: [{ gapMs: 2_000, faults: [{ kind: "acks lost", target: "all", holdMs: LOST_ACKS_MS }] }],
      durationMs: 2_000 + LOST_ACKS_MS + 5_000,
      load: { rate: 1_000, maxBatch: 8 },
      logMaxBytes: AMPLE_LOG_BYTES,
      mustAnswerAll: true,
      leastRedeliveries: 10_000,
    };
  }
  const durationMs = minutes * 60_000;
  return { name, shape, steps: drawPlan({ seed, shape, durationMs }), durationMs, load: { rate, maxBatch: MAX_BATCH } };
}
