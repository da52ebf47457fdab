import type { Requirements } from "../checker/observations.ts";
import type { Shape } from "./fault-deck.ts";
import { drawSteps, type Step } from "./schedule.ts";

export const SCENARIOS = ["drawn", "outage", "redelivery"] as const;

type ScenarioName = (typeof SCENARIOS)[number];

/** The faults and the load of a run, and its requirements beyond the promises. */
export interface Scenario extends Requirements {
  name: ScenarioName;
  shape: Shape;
  steps: Step[];
  /** The minimum duration of the load. */
  durationMs: number;
  load: Load;
  /** The capacity of the stack's log. Default: small, so that the log fills during a fault. */
  logMaxBytes?: number;
}

export interface Load {
  /** The approximate number of events per second. With Infinity, each producer sends as soon as it has its answer. */
  rate: number;
  /** The maximum number of events in a request. */
  maxBatch: number;
}

const AMPLE_LOG_BYTES = 4 * 1024 ** 3;
const MAX_BATCH = 24;
const OUTAGE_MS = 60_000;
/** Six times the acknowledgement timeout of the log. */
const LOST_ACKS_MS = 120_000;

export interface ScenarioOptions {
  scenario: ScenarioName;
  shape: Shape;
  seed: number;
  minutes: number;
  rate: number;
}

/** Creates faults drawn from the seed, or one of the fixed scenarios. */
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
    // Small requests make many frames, and the requirement counts deliveries of frames.
    return {
      name,
      shape: "stack",
      steps: [{ gapMs: 2_000, faults: [{ kind: "acks lost", target: "all", holdMs: LOST_ACKS_MS }] }],
      durationMs: 2_000 + LOST_ACKS_MS + 5_000,
      load: { rate: 1_000, maxBatch: 8 },
      logMaxBytes: AMPLE_LOG_BYTES,
      mustAnswerAll: true,
      minRedeliveries: 10_000,
    };
  }
  const durationMs = minutes * 60_000;
  return {
    name,
    shape,
    steps: drawSteps({ seed, shape, durationMs }),
    durationMs,
    load: { rate, maxBatch: MAX_BATCH },
  };
}
