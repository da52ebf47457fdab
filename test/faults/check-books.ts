import { isDeepStrictEqual } from "node:util";
import type { Evidence } from "./evidence.ts";
import { Finding, type Judgement } from "./judgement.ts";
import type { Recount } from "./recount.ts";
import { ALTERED, sourceOf, TOPICS } from "./sent-event.ts";
import type { ResolvedAttempt } from "./tally.ts";

/** Judges the figures of `/stats`: at the end, and while it went on. */
export function judgeBooks(evidence: Evidence, attempts: readonly ResolvedAttempt[]): Judgement[] {
  return [
    balance(evidence),
    copies(evidence, attempts),
    conflicts(evidence, attempts),
    neverFalls(evidence),
    drift(evidence),
    audit(evidence),
    redelivered(evidence),
    backlog(evidence),
  ];
}

function balance({ stats, recount }: Evidence): Judgement {
  const finding = new Finding(
    "books balance",
    "received = unique + duplicates, and unique = the rows recounted, per topic",
  );
  const { received, unique_processed: unique, duplicate_dropped: duplicates, dead_lettered: dead } = stats;
  finding.equal("received", received, unique + duplicates + dead + (stats.queue_size ?? 0));
  finding.equal("unique", unique, recount.rows);
  finding.equal("dead letters", dead, 0);
  for (const books of stats.by_topic) {
    finding.equal(`unique of ${books.topic}`, books.unique_processed, recount.rowsByTopic.get(books.topic) ?? 0);
    finding.equal(`received of ${books.topic}`, books.received, books.unique_processed + books.duplicate_dropped);
  }
  finding.equal("topics", stats.by_topic.length, recount.rowsByTopic.size);
  return finding;
}

/**
 * Every copy of an attempt that was taken is received, and those beyond the stored ones are duplicates. Nothing is left
 * to bounds: probes tell of each unknown answer whether it was taken.
 */
function copies({ stats, recount }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement {
  const finding = new Finding(
    "copies counted once",
    "duplicates are the copies the client sent, no redelivery among them",
  );
  const received = new Array<number>(TOPICS.length).fill(0);
  for (const { isTaken, numbers } of attempts) {
    if (!isTaken) continue;
    for (const number of numbers) received[number % TOPICS.length] = (received[number % TOPICS.length] ?? 0) + 1;
  }
  const total = received.reduce((sum, count) => sum + count, 0);
  finding.equal("duplicates", stats.duplicate_dropped, total - recount.rows);
  for (const [index, topic] of TOPICS.entries()) {
    const books = stats.by_topic.find((candidate) => candidate.topic === topic);
    finding.equal(`received of ${topic}`, books?.received ?? 0, received[index] ?? 0);
  }
  for (const [source, count] of duplicatesBySource(recount, attempts)) {
    const books = stats.by_source.find((candidate) => candidate.source === source);
    finding.equal(`duplicates of ${source}`, books?.duplicate_dropped ?? 0, count);
  }
  finding.remark = `${stats.duplicate_dropped} duplicates; the client's own tally says ${total - recount.rows}`;
  return finding;
}

/** Whose copies were dropped: all that each sent but those that are stored. */
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

/** Copies with another content than the stored event's are told apart, and every dropped copy is on record. */
function conflicts({ stats, dropped }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement {
  const finding = new Finding("dropped copies on record", "each is listed, and each conflict with what it said");
  const sent = attempts.reduce((sum, { isTaken, conflicts }) => sum + (isTaken ? conflicts : 0), 0);
  const differing = dropped.filter(({ conflict }) => conflict);
  finding.equal("conflicts", stats.conflicts, sent);
  finding.equal("copies listed", dropped.length, stats.duplicate_dropped);
  finding.equal("conflicts listed", differing.length, sent);
  for (const { topic, event_id: eventId, event } of differing) {
    const isKept = event?.source === ALTERED.source && isDeepStrictEqual(event.payload, JSON.parse(ALTERED.payload));
    if (!isKept) finding.breaks(`the conflict of ${topic} ${eventId} is kept as ${JSON.stringify(event)}`);
  }
  finding.remark = `${stats.conflicts} conflicts`;
  return finding;
}

/** The service's own second opinion of its books, whenever it can tell, and in any case at the end. */
function drift({ stats, samples }: Evidence): Judgement {
  const finding = new Finding("no drift", "drift is 0 at every look");
  const told = samples.map((sample) => sample.stats.drift).filter((value) => value !== null);
  for (const value of [...told, stats.drift]) if (value !== 0) finding.breaks(`a drift of ${value}`);
  finding.remark = `told in ${told.length} of ${samples.length} looks`;
  return finding;
}

function audit({ audit: found }: Evidence): Judgement {
  const finding = new Finding("audit agrees", "GET /audit finds rows and books equal");
  if (!found.balanced) finding.breaks(JSON.stringify(found));
  return finding;
}

function redelivered({ redeliveries, demands }: Evidence): Judgement {
  const least = demands?.leastRedeliveries ?? 0;
  const claim = least === 0 ? "as the broker counts" : `frames were delivered again at least ${least} times`;
  const finding = new Finding("redelivered enough", claim);
  if (redeliveries === undefined) return finding;
  finding.remark = `${redeliveries} times`;
  if (redeliveries < least) finding.breaks(`${redeliveries} redeliveries`);
  return finding;
}

function neverFalls({ samples }: Evidence): Judgement {
  const finding = new Finding(
    "received never falls",
    "received never goes down, and holds whatever was answered before",
  );
  let highest = { received: 0, judged: 0, lives: 0 };
  for (const { stats, okCopiesBefore, lives } of samples) {
    const [before, after] = lives;
    const judged = stats.unique_processed + stats.duplicate_dropped + stats.dead_lettered;
    if (judged < highest.judged) finding.breaks(`judged events fell from ${highest.judged} to ${judged}`);
    highest.judged = Math.max(highest.judged, judged);
    if (stats.queue_size === null) continue; // without the log `received` lacks the queue, and says so
    if (stats.received < okCopiesBefore) finding.breaks(`${okCopiesBefore} answered, then ${stats.received} received`);
    if (before !== after) continue;
    // A queue in memory ends with its process: what was in it has been answered to nobody.
    if (after === highest.lives && stats.received < highest.received) {
      finding.breaks(`received fell from ${highest.received} to ${stats.received}`);
    }
    const isNewLife = after !== highest.lives;
    highest = { ...highest, lives: after, received: Math.max(stats.received, isNewLife ? 0 : highest.received) };
  }
  finding.remark = `${samples.length} looks`;
  return finding;
}

function backlog({ backlog: left, stats }: Evidence): Judgement {
  const finding = new Finding("backlog gone", "after the last fault the queue drains to 0");
  if (left !== undefined) finding.breaks(left);
  finding.equal("queue", stats.queue_size ?? -1, 0);
  return finding;
}
