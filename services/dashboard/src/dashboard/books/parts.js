/** @import { HealthAnswer, StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { State } from "./status.js" */
import { isLogAway } from "../api/silences.js";
import { ago, bytes, clock, count, plural, share, zonedTime } from "../text/format.js";
import { countMissing, isBalanced, isLimited, isLogSilent } from "./books-checks.js";
import { findRefusals, isNearlyFull } from "./findings.js";
import { describeSilence } from "./silence-text.js";

const WITHOUT_LOG = "unknown without the log";

/**
 * A part or a check, its state, and a few words about it.
 *
 * @typedef {{ name: string, state: State, detail: string }} Part
 */

/**
 * Describes each part of Tidemark. The parts behind a service that does not answer are left out.
 *
 * @param {Observation} observation
 * @returns {Part[]}
 */
export function describeParts({ books, health, silences = {}, trouble }, now = Date.now()) {
  if (trouble?.isDisconnected) return [{ name: "Service", state: "bad", detail: "does not answer" }];
  return [
    { name: "Service", state: "good", detail: books ? `up for ${books.stats.uptime_human}` : "answers" },
    trouble
      ? { name: "Store", state: "bad", detail: trouble.detail }
      : { name: "Store", state: "good", detail: "answers" },
    describeLog(health, books?.stats),
    ...(health?.disks ?? []).map(describeDisk),
    describeProcess("gateway", { health, silence: silences.gateway, now }),
    isLogAway(health) ? { name: "Refused", state: "unknown", detail: WITHOUT_LOG } : describeRefused(books?.stats, now),
    describeProcess("consumer", { health, silence: silences.consumer, now }),
    describeDurability(health),
  ];
}

/**
 * @param {HealthAnswer | undefined} health
 * @param {StatsAnswer | undefined} stats
 * @returns {Part}
 */
function describeLog(health, stats) {
  if (isLogAway(health)) return { name: "Log", state: "bad", detail: "does not answer: publishing is refused" };
  if (!health || !stats || isLogSilent(stats)) return unknown("Log");
  const { log_bytes: held, log_max_bytes: limit } = health;
  const full = held !== null && limit ? `, ${share(held, limit)} full` : "";
  return { name: "Log", state: "good", detail: `answers${full}` };
}

/**
 * @param {HealthAnswer["disks"][number]} disk
 * @returns {Part}
 */
function describeDisk(disk) {
  const detail = `${bytes(disk.free_bytes)} of ${bytes(disk.size_bytes)} free for the ${disk.volume}`;
  return { name: "Disk", state: isNearlyFull(disk) ? "warn" : "good", detail };
}

const NAMES = /** @type {const} */ ({ gateway: "Gateway", consumer: "Consumer" });

/**
 * Names the processes of a part that fell silent, by the beginning of their ids. Heartbeats come through the log, so
 * without it nothing is known of the part.
 *
 * @param {"gateway" | "consumer"} part
 * @param {{ health: HealthAnswer | undefined, silence: number | undefined, now: number }} known
 * @returns {Part}
 */
function describeProcess(part, { health, silence, now }) {
  const name = NAMES[part];
  if (!health) return unknown(name);
  if (isLogAway(health)) return { name, state: "unknown", detail: WITHOUT_LOG };
  if (!health[`${part}_running`]) {
    return { name, state: "bad", detail: `no heartbeat ${describeSilence(part, { health, silence, now })}` };
  }
  const silent = health.missing
    .filter((process) => process.part === part)
    .map(({ id, silent_since }) => `${id.slice(0, 8)} since ${clock(silent_since)}`);
  if (silent.length === 0) return { name, state: "good", detail: "running" };
  return { name, state: "warn", detail: `running; silent: ${silent.join(", ")}` };
}

/**
 * Lists the refused publishes of the last hour by code.
 *
 * @param {StatsAnswer | undefined} stats
 * @param {number} now
 * @returns {Part}
 */
function describeRefused(stats, now) {
  const name = "Refused";
  if (!stats) return unknown(name);
  if (stats.refused === null) return { name, state: "unknown", detail: "need a key for all topics" };
  if (stats.refused.length === 0) return { name, state: "good", detail: "none in the last hour" };
  const codes = stats.refused.map(({ code, requests, last_at }) => `${count(requests)} ${code}, ${ago(last_at, now)}`);
  return { name, state: findRefusals(stats, now).length > 0 ? "warn" : "good", detail: codes.join("; ") };
}

/** @type {Record<HealthAnswer["durability"]["status"], State>} */
const DURABILITY_STATES = { safe: "good", unsafe: "warn", unknown: "unknown" };

/**
 * @param {HealthAnswer | undefined} health
 * @returns {Part}
 */
function describeDurability(health) {
  if (!health) return unknown("Durability");
  const { status, findings } = health.durability;
  const detail =
    status === "safe" ? "confirmed events survive a power failure" : findings.map((each) => each.detail).join("; ");
  return { name: "Durability", state: DURABILITY_STATES[status], detail };
}

/**
 * @param {string} name
 * @returns {Part}
 */
function unknown(name) {
  return { name, state: "unknown", detail: "unknown" };
}

/**
 * Describes the checks of the books: their sum, their drift, the count of the gateways, and the last audit. The books of
 * some topics have only a sum.
 *
 * @param {StatsAnswer} stats
 * @returns {Part[]}
 */
export function describeChecks(stats, now = Date.now()) {
  /** @type {Part} */
  const sum = isBalanced(stats)
    ? { name: "Sum", state: "good", detail: "adds up to received" }
    : { name: "Sum", state: "bad", detail: "does not add up to received" };
  if (isLimited(stats)) return [sum, { name: "Others", state: "unknown", detail: "need a key for all topics" }];
  return [
    sum,
    stats.drift === null
      ? unknown("Drift")
      : { name: "Drift", state: stats.drift === 0 ? "good" : "bad", detail: count(stats.drift) },
    describeWitness(stats),
    describeLastAudit(stats.last_audit, now),
    ...(stats.last_restore === null ? [] : [describeRestore(stats.last_restore)]),
  ];
}

/**
 * @param {StatsAnswer} stats
 * @returns {Part}
 */
function describeWitness(stats) {
  if (stats.confirmed === null) return unknown("Gateways' count");
  const missing = countMissing(stats);
  return missing > 0
    ? { name: "Gateways' count", state: "bad", detail: `${count(missing)} confirmed events are missing` }
    : { name: "Gateways' count", state: "good", detail: `all ${count(stats.confirmed)} confirmed events are there` };
}

/**
 * @param {StatsAnswer["last_audit"]} last
 * @param {number} now
 * @returns {Part}
 */
function describeLastAudit(last, now) {
  if (last === null) return { name: "Last audit", state: "unknown", detail: "never" };
  const time = ago(last.audited_at, now);
  return last.balanced
    ? { name: "Last audit", state: "good", detail: `balanced, ${time}` }
    : {
        name: "Last audit",
        state: "bad",
        detail: `differences in ${plural(last.differences_total, "topic")}, ${time}`,
      };
}

/**
 * @param {NonNullable<StatsAnswer["last_restore"]>} restore
 * @returns {Part}
 */
function describeRestore({ restored_at: at, lost_events: lost }) {
  const loss = lost === null ? "an unknown number of events was lost" : `${plural(lost, "confirmed event")} lost`;
  return { name: "Restore", state: lost === 0 ? "good" : "warn", detail: `${zonedTime(at)}: ${loss}` };
}
