import { check, fail, sleep } from "k6";
import { Counter } from "k6/metrics";
import { type Run, topicsOf } from "./run.k6.ts";
import { bodyOf, get } from "./service.k6.ts";

export interface Counts {
  received: number;
  unique: number;
  duplicates: number;
}

/**
 * Virtual users share only metrics, and a threshold reads one metric. Therefore each counter here is a difference: users
 * add their own counts, the end of the run subtracts the service's books, and the threshold expects 0. The events that the
 * script sent and the answers that it got are compared with the books separately.
 */
const script = {
  received: gap("script", "received"),
  unique: gap("script", "unique"),
  duplicates: gap("script", "duplicates"),
};
const answers = {
  received: gap("answers", "received"),
  unique: gap("answers", "unique"),
  duplicates: gap("answers", "duplicates"),
};
/** Events that may be in the books twice, because they were sent again after an unknown outcome. */
const receivedAtMost = new Counter("script_and_retries_minus_books_received");

const eventsSent = new Counter("events_sent");
const copiesSent = new Counter("events_sent_again");

/** Thresholds of runs without refusals: all counts are equal. */
export const EXACT_TALLY = {
  ...nothingLeft(script, "script"),
  ...nothingLeft(answers, "answers"),
};

/** Thresholds of runs that overload a service, where requests are repeated after an unknown outcome. */
export const TALLY_WITH_RETRIES = {
  script_minus_books_unique: ["count==0"],
  script_minus_books_received: ["count<=0"],
  script_and_retries_minus_books_received: ["count>=0"],
};

export function tallySent(sent: Counts): void {
  add(script, sent, 1);
  receivedAtMost.add(sent.received);
  eventsSent.add(sent.received);
  copiesSent.add(sent.duplicates);
}

export function tallyAnswered(answered: Counts): void {
  add(answers, answered, 1);
}

export function tallyUnknown(events: number): void {
  receivedAtMost.add(events);
}

const SETTLE_SECONDS = 120;

/** The `teardown` of every script: reads the books of the run's topics once the queue is empty. */
export function settleTally(run: Run): void {
  waitUntilNothingIsQueued();
  for (const topic of topicsOf(run)) {
    const books = readBooks(topic);
    add(script, books, -1);
    add(answers, books, -1);
    receivedAtMost.add(-books.received);
  }
}

function waitUntilNothingIsQueued(): void {
  for (let waited = 0; waited < SETTLE_SECONDS; waited++) {
    if (bodyOf(get("/stats")).queue_size === 0) return;
    sleep(1);
  }
  fail(`events were still queued after ${SETTLE_SECONDS} s`);
}

function readBooks(topic: string): Counts {
  const answer = get("/stats?topic=", `/stats?topic=${encodeURIComponent(topic)}`);
  if (!check(answer, { "the books can be read": ({ status }) => status === 200 })) {
    fail(`/stats answered ${answer.status} ${answer.body}`);
  }
  const { by_topic } = bodyOf(answer) as { by_topic: Record<string, number>[] };
  const [figures = {}] = by_topic;
  return {
    received: figures.received ?? 0,
    unique: figures.unique_processed ?? 0,
    duplicates: figures.duplicate_dropped ?? 0,
  };
}

function gap(of: string, figure: keyof Counts): Counter {
  return new Counter(`${of}_minus_books_${figure}`);
}

function add(counters: Record<keyof Counts, Counter>, counts: Counts, sign: 1 | -1): void {
  counters.received.add(sign * counts.received);
  counters.unique.add(sign * counts.unique);
  counters.duplicates.add(sign * counts.duplicates);
}

function nothingLeft(counters: Record<keyof Counts, Counter>, of: string): Record<string, string[]> {
  return Object.fromEntries(Object.keys(counters).map((figure) => [`${of}_minus_books_${figure}`, ["count==0"]]));
}
