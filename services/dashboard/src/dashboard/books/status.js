/** @import { HealthAnswer, StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation, Trouble } from "../api/poller.js" */
import { count, plural, sentence, span } from "../text/format.js";

/**
 * `bad`: something is broken. `warn`: something needs attention.
 *
 * @typedef {"good" | "warn" | "bad" | "unknown"} State
 */

/** Says what a key that is limited to topics cannot see. */
const LIMITED = "This key sees only its topics: not the queue, the sources, the drift, or the audit.";

/** A longer wait means that the store is behind. */
const LATE_SECONDS = 30;

/**
 * Words the status line, the worst finding first.
 *
 * @param {Observation} observation
 * @returns {{ state: State, title: string, detail: string }}
 */
export function describeStatus({ books, health, trouble }, now = Date.now()) {
  if (trouble) return describeTrouble(trouble, books && now - books.readAt);
  const faults = findFaults(books.stats);
  if (faults.length > 0) return { state: "bad", title: "The books do not balance", detail: faults.join(" ") };
  if (health?.status !== "healthy") {
    const reasons = health?.reasons ?? ["the answer of /health cannot be read"];
    return { state: "bad", title: "Not every part works", detail: sentence(reasons.join("; ")) };
  }
  const warnings = findWarnings(books.stats, health);
  if (books.hasDeadLetters) warnings.push("The store refused events. They are listed under Dead letters.");
  if (warnings.length > 0) {
    if (isLimited(books.stats)) warnings.push(LIMITED);
    return { state: "warn", title: "The books balance, but something needs attention", detail: warnings.join(" ") };
  }
  return isLimited(books.stats)
    ? { state: "good", title: "All is well in the topics of this key", detail: `Their books balance. ${LIMITED}` }
    : { state: "good", title: "All is well", detail: "The books balance, and every part works." };
}

/**
 * @param {Trouble} trouble
 * @param {number | undefined} ageMs the age of the figures on the page, if there are any
 * @returns {{ state: State, title: string, detail: string }}
 */
function describeTrouble({ isDisconnected, detail }, ageMs) {
  const age = ageMs === undefined ? "" : ` The figures are ${span(Math.round(ageMs / 1_000))} old.`;
  return isDisconnected
    ? { state: "bad", title: "Disconnected", detail: `Tidemark does not answer. Reconnecting …${age}` }
    : { state: "bad", title: "The books cannot be read", detail: `${sentence(detail)}${age}` };
}

/** @param {StatsAnswer} stats */
function findFaults(stats) {
  const faults = [];
  if (!isBalanced(stats)) faults.push("Received is not the sum of stored, duplicates, dead letters and queued.");
  if (stats.drift) faults.push(`The drift is ${count(stats.drift)}.`);
  const missing = countMissing(stats);
  if (missing > 0) faults.push(`Of the events that the log has confirmed, ${count(missing)} are missing.`);
  if (stats.last_audit?.balanced === false) {
    faults.push(`The last audit found differences in ${plural(stats.last_audit.differences_total, "topic")}.`);
  }
  return faults;
}

/**
 * Whether every received event is accounted for. An unknown queue size is not a fault, because both sides omit it.
 *
 * @param {StatsAnswer} stats
 */
export function isBalanced({ received, unique_processed, duplicate_dropped, dead_lettered, queue_size }) {
  return received === unique_processed + duplicate_dropped + dead_lettered + (queue_size ?? 0);
}

/**
 * Whether these are the books of only those topics that a key reaches. /stats leaves out the sources for such a key alone.
 *
 * @param {StatsAnswer} stats
 */
export function isLimited({ incomplete }) {
  return incomplete?.includes("sources") ?? false;
}

/**
 * Whether the log does not answer. A key that is limited to topics cannot see this.
 *
 * @param {StatsAnswer} stats
 */
export function isLogSilent(stats) {
  return stats.incomplete !== undefined && !isLimited(stats);
}

/**
 * Returns the number of events that gateways know as confirmed and that neither the log nor the books hold.
 *
 * @param {StatsAnswer} stats
 */
export function countMissing({ unconfirmed }) {
  return Math.max(0, -(unconfirmed ?? 0));
}

/**
 * @param {StatsAnswer} stats
 * @param {HealthAnswer} health
 */
function findWarnings(stats, { durability, missing }) {
  const { oldest_queued_seconds } = stats;
  const warnings = [];
  if (isLogSilent(stats)) warnings.push("The log does not answer, so the size of the queue is unknown.");
  if (oldest_queued_seconds !== null && oldest_queued_seconds > LATE_SECONDS) {
    warnings.push(`The oldest queued event has waited for ${span(oldest_queued_seconds)}.`);
  }
  if (missing.length > 0) {
    warnings.push(`${plural(missing.length, "process", "processes")} fell silent without ending in order; see Parts.`);
  }
  if (durability.status === "unsafe") warnings.push("A power failure can lose confirmed events.");
  return warnings;
}
