import { check } from "k6";
import type { Options } from "k6/options";
import { Producer } from "./k6/producer.k6.ts";
import { publish } from "./k6/publish.k6.ts";
import { type Run, startRun, TIME_LIMITS } from "./k6/run.k6.ts";
import { settleTally, TALLY_WITH_RETRIES } from "./k6/tally.k6.ts";

const EVENTS_A_BATCH = 500;
const MOST_USERS = Number(__ENV.USERS || 200);

/**
 * Adds producers until the service refuses. It may refuse (`publish_refused` counts it), but it must not answer
 * wrongly, lose confirmed events, or stay down: a last batch is accepted after the load. USERS, default 200.
 */
export const options: Options = {
  ...TIME_LIMITS,
  scenarios: {
    crowd: {
      executor: "ramping-vus",
      exec: "press",
      stages: [
        { duration: "20s", target: MOST_USERS },
        { duration: "10s", target: MOST_USERS },
        { duration: "5s", target: 0 },
      ],
      gracefulStop: "120s", // producers with an unknown outcome repeat their batch
      gracefulRampDown: "120s",
    },
    afterwards: { executor: "per-vu-iterations", exec: "comeBack", vus: 1, iterations: 1, startTime: "45s" },
  },
  thresholds: { ...TALLY_WITH_RETRIES, checks: ["rate==1"], publish_errors: ["rate==0"] },
};

const producer = new Producer();

export const setup = startRun;
export const teardown = settleTally;

export function press(run: Run): void {
  publish(producer, producer.makeBatch(run, EVENTS_A_BATCH, 0.25));
}

const MOST_KNOCKS = 30;

export function comeBack(run: Run): void {
  let isIn = false;
  for (let knock = 0; knock < MOST_KNOCKS && !isIn; knock++) {
    isIn = publish(producer, producer.makeBatch(run, EVENTS_A_BATCH, 0));
  }
  check(isIn, { "the service accepts events after the load": Boolean });
}
