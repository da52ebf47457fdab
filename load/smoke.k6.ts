import { check } from "k6";
import type { Options } from "k6/options";
import { Producer } from "./k6/producer.k6.ts";
import { publish } from "./k6/publish.k6.ts";
import { type Run, startRun, TIME_LIMITS } from "./k6/run.k6.ts";
import { bodyOf, get } from "./k6/service.k6.ts";
import { EXACT_TALLY, settleTally } from "./k6/tally.k6.ts";

/** A test of some seconds: every route that a producer or a reader needs, once or twice. */
export const options: Options = {
  ...TIME_LIMITS,
  vus: 1,
  iterations: 3,
  thresholds: { ...EXACT_TALLY, checks: ["rate==1"], publish_errors: ["rate==0"], publish_refused: ["count==0"] },
};

const producer = new Producer();

export const setup = startRun;
export const teardown = settleTally;

export default function (run: Run): void {
  publish(producer, producer.makeBatch(run, 1, 0));
  publish(producer, producer.makeBatch(run, 10, 0.3));
  const event = producer.anyConfirmed();
  if (event === undefined) return;
  const path = `/events/${encodeURIComponent(event.topic)}/${encodeURIComponent(event.event_id)}`;
  check(get("/events/:topic/:id", path), {
    "an event comes back by its id": ({ status }) => status === 200,
    "its payload equals the sent one": (answer) =>
      JSON.stringify(bodyOf(answer).payload) === JSON.stringify(event.payload),
  });
  check(get("/events", `/events?topic=${encodeURIComponent(event.topic)}`), {
    "its topic is listed": (answer) => Number(bodyOf(answer).count) > 0,
  });
  check(get("/duplicates"), { "duplicates are listed": ({ status }) => status === 200 });
}
