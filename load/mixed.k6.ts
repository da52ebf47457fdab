import { check } from "k6";
import type { Options } from "k6/options";
import { Producer } from "./k6/producer.k6.ts";
import { publish } from "./k6/publish.k6.ts";
import { type Run, startRun, TIME_LIMITS, topicsOf } from "./k6/run.k6.ts";
import { bodyOf, get } from "./k6/service.k6.ts";
import { EXACT_TALLY, settleTally } from "./k6/tally.k6.ts";

const duration = __ENV.DURATION || "30s";

/** Producers, readers of events that were just confirmed, and dashboards, at the same time. DURATION, default 30s. */
export const options: Options = {
  ...TIME_LIMITS,
  scenarios: {
    producers: { executor: "constant-vus", vus: 8, duration, exec: "produce" },
    walkers: { executor: "constant-vus", vus: 2, duration, exec: "walk" },
    watchers: { executor: "constant-arrival-rate", rate: 5, duration, preAllocatedVUs: 5, exec: "watch" },
  },
  thresholds: { ...EXACT_TALLY, checks: ["rate==1"], publish_errors: ["rate==0"], publish_refused: ["count==0"] },
};

const producer = new Producer();
let cursor: string | undefined;

export const setup = startRun;
export const teardown = settleTally;

/** Checks that an event can be read immediately after its 200. */
export function produce(run: Run): void {
  publish(producer, producer.makeBatch(run, 20, 0.25));
  const event = producer.anyConfirmed();
  if (event === undefined) return;
  const path = `/events/${encodeURIComponent(event.topic)}/${encodeURIComponent(event.event_id)}`;
  check(get("/events/:topic/:id", path), {
    "a confirmed event is there": (answer) => bodyOf(answer).event_id === event.event_id,
  });
}

/** Reads one topic of the run, page by page in ascending order. */
export function walk(run: Run): void {
  const [topic = ""] = topicsOf(run);
  const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const page = get("/events?order=asc", `/events?topic=${encodeURIComponent(topic)}&order=asc&limit=100${from}`);
  check(page, {
    "a page in ascending order has a next cursor": (answer) => typeof bodyOf(answer).next_cursor === "string",
  });
  cursor = (bodyOf(page).next_cursor as string | undefined) ?? cursor;
}

export function watch(): void {
  const isSound = (answer: ReturnType<typeof get>): boolean => {
    const books = bodyOf(answer) as Record<string, number>;
    const { unique_processed = 0, duplicate_dropped = 0, dead_lettered = 0, queue_size = 0, received } = books;
    return received === unique_processed + duplicate_dropped + dead_lettered + queue_size;
  };
  check(get("/stats"), { "the books balance": isSound });
  check(get("/events"), { "the latest events are listed": ({ status }) => status === 200 });
  check(get("/duplicates"), { "the latest duplicates are listed": ({ status }) => status === 200 });
}
