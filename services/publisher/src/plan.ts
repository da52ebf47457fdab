import { createRandom, pickBelow, type Random } from "./random.ts";

/** The events of a run. Equal plans give equal requests, byte for byte. */
export interface Plan {
  /** Events to send, duplicates included. */
  events: number;
  /** The share of events that repeat an earlier one, in [0, 1). */
  duplicateRate: number;
  /** The maximum number of events in a request. */
  batchSize: number;
  topics: number;
  seed: number;
  /** Part of every event id, so that every run sends different events. */
  runId: string;
  /** The timestamp of the first event, milliseconds since the epoch. */
  startMs: number;
}

/** Returns the number of planned events that are duplicates. */
export function countDuplicates({ events, duplicateRate }: Pick<Plan, "events" | "duplicateRate">): number {
  return Math.min(Math.round(events * duplicateRate), Math.max(events - 1, 0));
}

/** Returns the number of distinct events, which are numbered from 0 in the order of their first appearance. */
export function countDistinct(plan: Pick<Plan, "events" | "duplicateRate">): number {
  return plan.events - countDuplicates(plan);
}

/** The events of one request, by number. */
export type PlannedRequest = number[];

/**
 * Generates the requests in order: first one event three times, each time alone. Then batches in which new events mix
 * with duplicates of events from the same batch, from recent batches and from any earlier batch. It keeps only two counts,
 * because an event is a function of its number.
 */
export function* planRequests(plan: Plan): Generator<PlannedRequest> {
  const numbers = planNumbers(plan);
  const singles = countDuplicates(plan) >= 2 ? 3 : 0;
  for (let sent = 0; sent < plan.events; ) {
    const size = sent < singles ? 1 : Math.min(plan.batchSize, plan.events - sent);
    yield Array.from({ length: size }, () => numbers.next().value as number);
    sent += size;
  }
}

function* planNumbers(plan: Plan): Generator<number> {
  const random = createRandom(plan.seed);
  let duplicates = countDuplicates(plan);
  let fresh = plan.events - duplicates;
  let next = 0;
  const isThreefold = duplicates >= 2;
  while (duplicates + fresh > 0) {
    const sent = plan.events - duplicates - fresh;
    // The probability of a duplicate is its share of the remaining events, so the rate is even, and exact at the end.
    const isDuplicate = next > 0 && ((isThreefold && sent < 3) || pickBelow(random, duplicates + fresh) < duplicates);
    if (isDuplicate) {
      duplicates--;
      yield pickEarlier(random, next, plan.batchSize);
    } else {
      fresh--;
      yield next++;
    }
  }
}

/** Picks the event of an immediate retry, of a retry a little later, or of a very late one. */
function pickEarlier(random: Random, count: number, batchSize: number): number {
  const kind = random();
  if (kind < 0.25) return count - 1;
  if (kind < 0.6) return count - 1 - pickBelow(random, Math.min(count, 3 * batchSize));
  return pickBelow(random, count);
}

const TOPICS = ["user.login", "order.created", "payment.settled", "page.viewed", "sensor.reading"];
const SOURCES = ["auth-service", "shop-service", "billing-service", "web-frontend", "edge-gateway"];
const ACTIONS = ["created", "changed", "viewed", "removed", "retried"];

/** Returns the JSON text of an event. */
export function writeEvent(plan: Plan, number: number): string {
  const random = createRandom(plan.seed ^ Math.imul(number + 1, 0x9e3779b1));
  const topic = pickBelow(random, plan.topics);
  return JSON.stringify({
    topic: TOPICS[topic] ?? `topic-${topic + 1}`,
    event_id: `${plan.runId}-${plan.seed}-${number}`,
    timestamp: new Date(plan.startMs + number).toISOString(),
    source: SOURCES[topic % SOURCES.length],
    payload: {
      user_id: String(pickBelow(random, 100_000)),
      action: ACTIONS[pickBelow(random, ACTIONS.length)],
      amount: pickBelow(random, 1_000_000) / 100,
      session: Math.floor(random() * 0xffff_ffff)
        .toString(16)
        .padStart(8, "0"),
      tags: ["load", `shard-${pickBelow(random, 16)}`],
    },
  });
}

/** Returns the body of a request: a single event without an array, and batches alternately in both forms. */
export function writeBody(plan: Plan, request: PlannedRequest): string {
  const [first = 0] = request;
  if (request.length === 1) return writeEvent(plan, first);
  const events = `[${request.map((number) => writeEvent(plan, number)).join(",")}]`;
  return first % 2 === 0 ? events : `{"events":${events}}`;
}
