import type { Options } from "k6/options";
import { Producer } from "./k6/producer.k6.ts";
import { publish } from "./k6/publish.k6.ts";
import { type Run, startRun, TIME_LIMITS } from "./k6/run.k6.ts";
import { EXACT_TALLY, settleTally } from "./k6/tally.k6.ts";

const RATE = Number(__ENV.RATE || 20);
const EVENTS_A_BATCH = 50;

/** A long steady stream, which shows growth, leaks and drift. DURATION, default 30m; RATE, requests per second, default 20. */
export const options: Options = {
  ...TIME_LIMITS,
  scenarios: {
    stream: {
      executor: "constant-arrival-rate",
      rate: RATE,
      duration: __ENV.DURATION || "30m",
      preAllocatedVUs: RATE,
      maxVUs: RATE * 10,
    },
  },
  thresholds: { ...EXACT_TALLY, checks: ["rate==1"], publish_errors: ["rate==0"], publish_refused: ["count==0"] },
};

const producer = new Producer();

export const setup = startRun;
export const teardown = settleTally;

export default function (run: Run): void {
  publish(producer, producer.makeBatch(run, EVENTS_A_BATCH, 0.25));
}
