import { count, plural, span } from "../text/format.js";

/**
 * What the last answers of /stats and /health said, and what went wrong since.
 *
 * @typedef {{ stats?: object, health?: object, hasDeadLetters?: boolean,
 *   trouble?: { isDisconnected: boolean, detail: string }, readAt?: number }} Known
 */

/** From how long a wait on people want to know that the store is behind. */
const LATE_SECONDS = 30;

/**
 * What somebody who looks for ten seconds has to know, worst first: `{ state, title, detail }`. `state` is `bad` for what
 * must not be, `warn` for what wants a look.
 *
 * @param {Known} known
 */
export function judge({ stats, health, hasDeadLetters, trouble, readAt }, now = Date.now()) {
  if (trouble) return judgeTrouble(trouble, stats && readAt, now);
  const faults = findFaults(stats);
  if (faults.length > 0) return { state: "bad", title: "The books do not balance", detail: faults.join(" ") };
  if (health?.status !== "healthy") {
    const reasons = health?.reasons ?? ["its health cannot be read"];
    return { state: "bad", title: "Not all parts work", detail: sentence(reasons.join("; ")) };
  }
  const warnings = findWarnings(stats, health);
  if (hasDeadLetters) warnings.push("The store refused events: they are the dead letters.");
  if (warnings.length > 0) {
    return { state: "warn", title: "The books balance, and something wants a look", detail: warnings.join(" ") };
  }
  return { state: "good", title: "All is well", detail: "The books balance, and every part works." };
}

function judgeTrouble({ isDisconnected, detail }, readAt, now) {
  const stale = readAt ? ` What is shown is ${span(Math.round((now - readAt) / 1_000))} old.` : "";
  return isDisconnected
    ? { state: "bad", title: "Disconnected", detail: `Tidemark does not answer; trying again.${stale}` }
    : { state: "bad", title: "The books cannot be read", detail: `${sentence(detail)}${stale}` };
}

function findFaults(stats) {
  const faults = [];
  if (!isBalanced(stats)) faults.push("Received is not what unique, duplicates, dead and queued add up to.");
  if (stats.drift) faults.push(`They have drifted by ${count(stats.drift)}.`);
  if (stats.last_audit?.balanced === false) {
    faults.push(
      `The last audit found ${plural(stats.last_audit.differences_total, "topic that differs", "topics that differ")}.`,
    );
  }
  return faults;
}

/** What cannot be known now is no fault: without the log the queue is missing from both sides. */
export function isBalanced({ received, unique_processed, duplicate_dropped, dead_lettered, queue_size }) {
  return received === unique_processed + duplicate_dropped + dead_lettered + (queue_size ?? 0);
}

function findWarnings({ oldest_queued_seconds, incomplete }, { durability }) {
  const warnings = [];
  if (incomplete) warnings.push("The log cannot be asked: what is queued is not known.");
  if (oldest_queued_seconds > LATE_SECONDS)
    warnings.push(`The oldest of the queue waits for ${span(oldest_queued_seconds)}.`);
  if (durability.status === "unsafe") warnings.push("Confirmed events can be lost with the power.");
  return warnings;
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/**
 * Each part and whether it works: `[name, state, what there is to say]`.
 *
 * @param {Known} known
 */
export function describeParts({ stats, health, trouble }) {
  if (trouble?.isDisconnected) return [["Service", "bad", "does not answer"]];
  const store = trouble ? ["Store", "bad", trouble.detail] : ["Store", "good", "answers"];
  const isLogKnown = !trouble && !stats.incomplete;
  const consumer = health?.consumer_running;
  return [
    ["Service", "good", stats ? `up for ${stats.uptime_human}` : "answers"],
    store,
    ["Log", isLogKnown ? "good" : "unknown", isLogKnown ? "answers" : "not known"],
    consumer === undefined
      ? ["Consumer", "unknown", "not known"]
      : ["Consumer", consumer ? "good" : "bad", consumer ? "runs" : "not heard of for 5 s"],
    describeDurability(health?.durability),
  ];
}

const DURABILITY_STATES = { safe: "good", unsafe: "warn", unknown: "unknown" };

function describeDurability(durability) {
  if (!durability) return ["Durability", "unknown", "not known"];
  const findings = durability.findings.map(({ detail }) => detail).join("; ");
  const said = durability.status === "safe" ? "what is confirmed survives power loss" : findings;
  return ["Durability", DURABILITY_STATES[durability.status], said];
}
