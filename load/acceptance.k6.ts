import type { Options } from "k6/options";
import { Producer } from "./k6/producer.k6.ts";
import { publish } from "./k6/publish.k6.ts";
import { type Run, startRun, TIME_LIMITS } from "./k6/run.k6.ts";
import { EXACT_TALLY, settleTally } from "./k6/tally.k6.ts";

const ITERATIONS = 200;
const EVENTS_A_BATCH = 50;

/** 10,000 events, more than a fifth of them duplicates: no error, and every count right. No threshold on latency. */
export const options: Options = {
  ...TIME_LIMITS,
  scenarios: { publish: { executor: "shared-iterations", vus: 16, iterations: ITERATIONS, maxDuration: "5m" } },
  thresholds: {
    ...EXACT_TALLY,
    checks: ["rate==1"],
    publish_errors: ["rate==0"],
    publish_refused: ["count==0"],
    publish_outcome_unknown: ["count==0"],
    events_sent: ["count>=5000"],
    events_sent_again: [`count>=${ITERATIONS * EVENTS_A_BATCH * 0.2}`],
  },
};

const producer = new Producer();

export const setup = startRun;
export const teardown = settleTally;

export default function (run: Run): void {
  publish(producer, producer.makeBatch(run, EVENTS_A_BATCH, 0.3));
}
