/** @import { HealthAnswer, StatsAnswer } from "../api/contract.d.ts" */
/** @import { Books } from "../api/poller.js" */
/** @import { Silences } from "../api/silences.js" */
import { isLogAway } from "../api/silences.js";
import { ago, bytes, clock, count, plural, sentence, share, span, zonedTime } from "../text/format.js";
import { countMissing, isBalanced, isLogSilent } from "./books-checks.js";
import { describeSilence } from "./silence-text.js";

/**
 * A sentence of the status line, and the address of the view that shows more.
 *
 * @typedef {{ text: string, href?: string }} Finding
 */

const BOOKS = "#/books";
/** A longer wait means that the store is behind. */
const LATE_SECONDS = 30;
/** The log refuses events when it is full. */
const NEARLY_FULL = 0.9;
/** Conflicts stay counted, so only new ones need attention. */
const RECENT_MS = 24 * 3_600_000;
/** A refused publish needs attention for this long. */
const REFUSED_MS = 15 * 60_000;
/** The code of a publish of one event that became a dead letter, which has a finding of its own. */
const STORE_REFUSED = "dead_lettered";
/** A fuller disk needs attention. The alert has the same bound. */
const DISK_FREE = 0.1;
/** The reasons of /health that have a sentence of their own here. */
const EXPLAINED = /^the log does not answer$|sent a heartbeat within/;

/**
 * Finds how the books contradict themselves.
 *
 * @param {StatsAnswer} stats
 * @returns {Finding[]}
 */
export function findFaults(stats) {
  const faults = [];
  if (!isBalanced(stats)) faults.push("Received is not the sum of stored, duplicates, dead letters and queued.");
  if (stats.drift) {
    faults.push(
      `The books differ from what has left the log: the drift is ${count(stats.drift)}. No producer can cause this.`,
    );
  }
  const missing = countMissing(stats);
  if (missing > 0) faults.push(`Of the events that the log has confirmed, ${count(missing)} are missing.`);
  if (stats.last_audit?.balanced === false) {
    faults.push(`The last audit found differences in ${plural(stats.last_audit.differences_total, "topic")}.`);
  }
  return faults.map((text) => ({ text, href: BOOKS }));
}

/**
 * Finds what keeps Tidemark from its work: the cause, and its effect on those who publish. Returns undefined if every part
 * works.
 *
 * @param {{ health?: HealthAnswer | undefined, silences?: Silences | undefined }} observation
 * @param {number} now
 * @returns {{ title: string, findings: Finding[] } | undefined}
 */
export function findOutage({ health, silences = {} }, now) {
  if (!health) {
    return {
      title: "Not every part works",
      findings: [{ text: "The answer of /health cannot be read.", href: BOOKS }],
    };
  }
  if (health.status === "healthy") return undefined;
  const found = [...findSilentParts(health, silences, now)];
  found.push(...findFullLog(health));
  const others = (health.reasons ?? []).filter((reason) => !EXPLAINED.test(reason));
  if (others.length > 0) found.push({ title: "Not every part works", text: sentence(others.join("; ")) });
  return {
    title: found[0]?.title ?? "Not every part works",
    findings: found.map(({ text }) => ({ text, href: BOOKS })),
  };
}

/**
 * @param {HealthAnswer} health
 * @returns {{ title: string, text: string }[]}
 */
function findFullLog({ log_bytes: held, log_max_bytes: limit }) {
  if (held === null || !limit || held <= NEARLY_FULL * limit) return [];
  const text = `The log is ${share(held, limit)} full. A full log refuses events, until the store has caught up.`;
  return [{ title: "The log is nearly full", text }];
}

/**
 * @param {HealthAnswer} health
 * @param {Silences} silences
 * @param {number} now
 */
function* findSilentParts(health, silences, now) {
  if (isLogAway(health)) {
    const since = describeSilence("log", { health, silence: silences.log, now });
    yield {
      title: "Publishing is refused",
      text: `The log has not answered ${since}, so publishing is refused. Confirmed events stay in the log.`,
    };
    return; // heartbeats come through the log
  }
  /** @param {"gateway" | "consumer"} part */
  const silence = (part) => describeSilence(part, { health, silence: silences[part], now });
  if (!health.gateway_running) {
    yield {
      title: "Publishing does not work",
      text: `No gateway has sent a heartbeat ${silence("gateway")}, so no events are taken.`,
    };
  }
  if (!health.consumer_running) {
    yield {
      title: "Events are not being stored",
      text: `No consumer has sent a heartbeat ${silence("consumer")}, so events wait in the log.`,
    };
  }
}

/**
 * Finds the publishes that were refused lately: those that the service could not take, and those that their producers
 * have to change.
 *
 * @param {StatsAnswer} stats
 * @param {number} now
 * @returns {Finding[]}
 */
export function findRefusals({ refused }, now) {
  const recent = (refused ?? []).filter(
    ({ code, last_at }) => code !== STORE_REFUSED && now - Date.parse(last_at) < REFUSED_MS,
  );
  const [own, foreign] = [recent.filter(({ status }) => status >= 500), recent.filter(({ status }) => status < 500)];
  /** @param {typeof recent} some */
  const sumUp = (some) => {
    const requests = some.reduce((sum, each) => sum + each.requests, 0);
    const first = some.map(({ first_at }) => first_at).toSorted()[0] ?? "";
    const last =
      some
        .map(({ last_at }) => last_at)
        .toSorted()
        .at(-1) ?? "";
    const codes = some.map((each) => `${count(each.requests)} ${each.code}`).join(", ");
    return { publishes: plural(requests, "publish", "publishes"), codes, first: clock(first), last: ago(last, now) };
  };
  const found = [];
  if (own.length > 0) {
    const { publishes, codes, first, last } = sumUp(own);
    const text = `Tidemark could not take ${publishes} since ${first}, the latest ${last} (${codes}). Their producers have to send them again.`;
    found.push({ text, href: BOOKS });
  }
  if (foreign.length > 0) {
    const { publishes, codes, first, last } = sumUp(foreign);
    const text = `Producers sent ${publishes} that Tidemark refused, since ${first}, the latest ${last} (${codes}). The producers have to correct them.`;
    found.push({ text, href: BOOKS });
  }
  return found;
}

/**
 * Finds what needs attention while every part works.
 *
 * @param {Books} books
 * @param {HealthAnswer} health
 * @param {number} now
 * @returns {Finding[]}
 */
export function findWarnings({ stats, oldestDeadLetterAt, latestConflictAt }, health, now) {
  const { durability, missing, disks } = health;
  const { oldest_queued_seconds } = stats;
  const found = findRefusals(stats, now);
  if (isLogSilent(stats)) found.push({ text: "The log does not answer, so the size of the queue is unknown." });
  found.push(...findFullLog(health).map(({ text }) => ({ text, href: BOOKS })));
  for (const { volume, free_bytes: free } of disks.filter(isNearlyFull)) {
    found.push({ text: `The disk of the ${volume} is nearly full: ${bytes(free)} are free.`, href: BOOKS });
  }
  if (oldest_queued_seconds !== null && oldest_queued_seconds > LATE_SECONDS) {
    found.push({ text: `The oldest queued event has waited for ${span(oldest_queued_seconds)}.` });
  }
  if (missing.length > 0) {
    const silent = plural(missing.length, "process", "processes");
    found.push({ text: `${silent} fell silent without ending in order; see Parts.`, href: BOOKS });
  }
  if (durability.status === "unsafe") {
    found.push({ text: "A power failure can lose confirmed events.", href: BOOKS });
  }
  if (oldestDeadLetterAt !== undefined) {
    const text = `The store refused ${plural(stats.dead_lettered, "event")}, the oldest on ${zonedTime(oldestDeadLetterAt)}.`;
    found.push({ text, href: "#/dead-letters" });
  }
  if (latestConflictAt !== undefined && now - Date.parse(latestConflictAt) < RECENT_MS) {
    const text = `Producers sent other content under stored ids: ${plural(stats.conflicts, "conflict")}, the latest ${ago(latestConflictAt, now)}.`;
    found.push({ text, href: "#/conflicts" });
  }
  return found;
}

/** @param {HealthAnswer["disks"][number]} disk */
export function isNearlyFull({ free_bytes: free, size_bytes: size }) {
  return free < DISK_FREE * size;
}
