import { isDeepStrictEqual } from "node:util";
import { ALTERED, sourceOf, TOPICS } from "../load/sent-event.ts";
import type { ResolvedAttempt } from "../load/tally.ts";
import { Check, type CheckResult } from "./check.ts";
import type { Observations } from "./observations.ts";
import type { Recount } from "./recount.ts";

/** Checks the figures of `/stats`, at the end and during the run. */
export function checkBooks(observations: Observations, attempts: readonly ResolvedAttempt[]): CheckResult[] {
  return [
    balance(observations, attempts),
    copies(observations, attempts),
    conflicts(observations, attempts),
    neverFalls(observations),
    drift(observations),
    confirmed(observations),
    audit(observations),
    redelivered(observations),
    backlog(observations),
  ];
}

function balance({ stats, recount }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const check = new Check(
    "books balance",
    "received = unique + duplicates + dead letters, and unique = the rows recounted, per topic",
  );
  const { received, unique_processed: unique, duplicate_dropped: duplicates, dead_lettered: dead } = stats;
  check.equal("received", received, unique + duplicates + dead + (stats.queue_size ?? 0));
  check.equal("unique", unique, recount.rows);
  check.equal("dead letters", dead, countSlow(attempts));
  for (const books of stats.by_topic) {
    const judged = books.unique_processed + books.duplicate_dropped + books.dead_lettered;
    check.equal(`unique of ${books.topic}`, books.unique_processed, recount.rowsByTopic.get(books.topic) ?? 0);
    check.equal(`received of ${books.topic}`, books.received, judged);
  }
  const stored = stats.by_topic.filter((books) => books.unique_processed > 0);
  check.equal("topics with stored events", stored.length, recount.rowsByTopic.size);
  if (dead > 0) check.remark = `${dead} dead letters`;
  return check;
}

/** Returns the number of events that must be dead letters. */
function countSlow(attempts: readonly ResolvedAttempt[]): number {
  return attempts.reduce((sum, { isTaken, slow }) => sum + (isTaken ? slow.length : 0), 0);
}

/**
 * Every event of a stored attempt is received, and all but the stored and the slow ones are duplicates. The figures are exact, because
 * probes show for each unknown answer whether its attempt was stored.
 */
function copies({ stats, recount }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const check = new Check(
    "copies counted once",
    "duplicates are the copies that the client sent, without any redelivery",
  );
  const received = new Array<number>(TOPICS.length).fill(0);
  for (const { isTaken, numbers, slow } of attempts) {
    if (!isTaken) continue;
    for (const number of [...numbers, ...slow])
      received[number % TOPICS.length] = (received[number % TOPICS.length] ?? 0) + 1;
  }
  const total = received.reduce((sum, count) => sum + count, 0);
  const duplicates = total - countSlow(attempts) - recount.rows;
  check.equal("duplicates", stats.duplicate_dropped, duplicates);
  for (const [index, topic] of TOPICS.entries()) {
    const books = stats.by_topic.find((candidate) => candidate.topic === topic);
    check.equal(`received of ${topic}`, books?.received ?? 0, received[index] ?? 0);
  }
  for (const [source, count] of duplicatesBySource(recount, attempts)) {
    const books = stats.by_source.find((candidate) => candidate.source === source);
    check.equal(`duplicates of ${source}`, books?.duplicate_dropped ?? 0, count);
  }
  check.remark = `${stats.duplicate_dropped} duplicates; the client's own tally has ${duplicates}`;
  return check;
}

/** Returns the number of duplicates by source: the events that each source sent, minus its stored events. */
function duplicatesBySource({ timesStored }: Recount, attempts: readonly ResolvedAttempt[]): Map<string, number> {
  const dropped = new Map<string, number>();
  const add = (source: string, count: number) => dropped.set(source, (dropped.get(source) ?? 0) + count);
  for (const { isTaken, numbers, conflicts } of attempts) {
    if (!isTaken) continue;
    add(ALTERED.source, conflicts);
    for (const number of numbers.slice(conflicts)) add(sourceOf(number), 1);
  }
  for (const number of timesStored.keys()) add(sourceOf(number), -1);
  return dropped;
}

/** Conflicts are distinguished from plain duplicates, and every duplicate is listed. */
function conflicts({ stats, dropped }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const check = new Check(
    "dropped copies on record",
    "each dropped copy is listed, and each conflict with its content",
  );
  const sent = attempts.reduce((sum, { isTaken, conflicts }) => sum + (isTaken ? conflicts : 0), 0);
  const differing = dropped.filter(({ conflict }) => conflict);
  check.equal("conflicts", stats.conflicts, sent);
  check.equal("copies listed", dropped.length, stats.duplicate_dropped);
  check.equal("conflicts listed", differing.length, sent);
  for (const { topic, event_id: eventId, event } of differing) {
    const isKept = event?.source === ALTERED.source && isDeepStrictEqual(event.payload, JSON.parse(ALTERED.payload));
    if (!isKept) check.violated(`the conflict of ${topic} ${eventId} is kept as ${JSON.stringify(event)}`);
  }
  check.remark = `${stats.conflicts} conflicts`;
  return check;
}

/** The drift that the service itself reports: 0 whenever it is known, and known at the end. */
function drift({ stats, samples }: Observations): CheckResult {
  const check = new Check("no drift", "drift is 0 at every read");
  const told = samples.map((sample) => sample.stats.drift).filter((value) => value !== null);
  for (const value of [...told, stats.drift]) if (value !== 0) check.violated(`a drift of ${value}`);
  check.remark = `known in ${told.length} of ${samples.length} reads`;
  return check;
}

/**
 * Compares the books with the gateways' own count. The books never have fewer events. At the end they have no more, if
 * each confirmation was received.
 */
function confirmed({ stats, samples, isEachConfirmationHeard }: Observations): CheckResult {
  const check = new Check(
    "confirmed events kept",
    "at every read, log and books hold all events that the log confirmed to gateways",
  );
  const told = [...samples.map((sample) => sample.stats), stats].filter(({ unconfirmed }) => unconfirmed !== null);
  for (const { confirmed, unconfirmed } of told) {
    const missing = -Math.min(0, unconfirmed as number);
    if (missing > 0) check.violated(`${missing} of ${confirmed} confirmed events are missing`, missing);
  }
  if (stats.unconfirmed === null) check.violated("the gateways' count is not known at the end");
  if (isEachConfirmationHeard) check.equal("events that no gateway counted", stats.unconfirmed ?? 0, 0);
  check.remark = `${stats.confirmed} confirmed, ${stats.unconfirmed} beyond them; known in ${told.length} reads`;
  return check;
}

function audit({ audit: found }: Observations): CheckResult {
  const check = new Check("audit agrees", "GET /audit finds rows and books equal");
  if (!found.balanced) check.violated(JSON.stringify(found));
  return check;
}

function redelivered({ redeliveries, requirements }: Observations): CheckResult {
  const least = requirements?.minRedeliveries ?? 0;
  const claim = least === 0 ? "as the broker counts" : `frames were delivered again at least ${least} times`;
  const check = new Check("redelivered enough", claim);
  if (redeliveries === undefined) return check;
  check.remark = `${redeliveries} times`;
  if (redeliveries < least) check.violated(`${redeliveries} redeliveries`);
  return check;
}

function neverFalls({ samples }: Observations): CheckResult {
  const check = new Check("received never falls", "received never decreases, and includes all events answered before");
  let highest = { received: 0, judged: 0, queueStarts: 0 };
  for (const { stats, okCopiesBefore, queueStarts } of samples) {
    const [before, after] = queueStarts;
    const judged = stats.unique_processed + stats.duplicate_dropped + stats.dead_lettered;
    if (judged < highest.judged) check.violated(`judged events fell from ${highest.judged} to ${judged}`);
    highest.judged = Math.max(highest.judged, judged);
    if (stats.queue_size === null) continue; // without the log `received` lacks the queue, which `queue_size: null` says
    if (stats.received < okCopiesBefore) check.violated(`${okCopiesBefore} answered, then ${stats.received} received`);
    if (before !== after) continue;
    // A queue in memory ends with its process, and no client had an answer for the events in it.
    if (after === highest.queueStarts && stats.received < highest.received) {
      check.violated(`received fell from ${highest.received} to ${stats.received}`);
    }
    const isNewLife = after !== highest.queueStarts;
    highest = { ...highest, queueStarts: after, received: Math.max(stats.received, isNewLife ? 0 : highest.received) };
  }
  check.remark = `${samples.length} reads`;
  return check;
}

function backlog({ backlog: left, stats }: Observations): CheckResult {
  const check = new Check("backlog gone", "after the last fault the queue drains to 0");
  if (left !== undefined) check.violated(left);
  check.equal("queue", stats.queue_size ?? -1, 0);
  return check;
}
