/** @import { HealthAnswer } from "../api/contract.d.ts" */
/** @import { Observation, Trouble } from "../api/poller.js" */
/** @import { Finding } from "./findings.js" */
import { sentence, span } from "../text/format.js";
import { isLimited } from "./books-checks.js";
import { findFaults, findOutage, findRefusals, findWarnings } from "./findings.js";
import { findLateSubscriptions } from "./late-subscriptions.js";

/**
 * `bad`: something is broken. `warn`: something needs attention.
 *
 * @typedef {"good" | "warn" | "bad" | "unknown"} State
 */

/** @typedef {{ state: State, title: string, findings: Finding[] }} Status */

/** Says what a key that is limited to topics cannot see. */
const LIMITED = { text: "This key sees only its topics: not the queue, the sources, the drift, or the audit." };

/**
 * Words the status line, the worst finding first, and a cause before its effect.
 *
 * @param {Observation} observation
 * @returns {Status}
 */
export function describeStatus({ books, health, silences, subscriptions = [], trouble }, now = Date.now()) {
  if (trouble) return describeTrouble(trouble, { health, ageMs: books && now - books.readAt });
  const faults = findFaults(books.stats);
  if (faults.length > 0) return { state: "bad", title: "The books do not balance", findings: faults };
  const outage = findOutage({ health, silences }, now);
  if (outage || !health) {
    const { title, findings } = outage ?? { title: "Not every part works", findings: [] };
    return { state: "bad", title, findings: [...findings, ...findRefusals(books.stats, now)] };
  }
  const late = findLateSubscriptions(subscriptions, now);
  const warnings = [...findWarnings(books, health, now), ...late.warnings];
  const limits = isLimited(books.stats) ? [LIMITED] : [];
  if (warnings.length > 0) {
    const title = "The books balance, but something needs attention";
    return { state: "warn", title, findings: [...warnings, ...late.notes, ...limits] };
  }
  return limits.length > 0
    ? {
        state: "good",
        title: "All is well in the topics of this key",
        findings: [{ text: "Their books balance." }, ...late.notes, LIMITED],
      }
    : {
        state: "good",
        title: "All is well",
        findings: [{ text: "The books balance, and every part works." }, ...late.notes],
      };
}

/**
 * @param {Trouble} trouble
 * @param {{ health: HealthAnswer | undefined, ageMs: number | undefined }} known `ageMs` is the age of the figures on the
 *   page, if there are any
 * @returns {Status}
 */
function describeTrouble({ isDisconnected, isBehindProxy, detail }, { health, ageMs }) {
  const age = ageMs === undefined ? [] : [{ text: `The figures are ${span(Math.round(ageMs / 1_000))} old.` }];
  if (!isDisconnected) {
    // Only a stack has a log that lets gateways do without the store.
    const isTaking = health?.gateway_running && health.log_bytes !== null;
    const effect = isTaking
      ? [{ text: "Gateways are alive and the log answers, so events may still be taken and wait there." }]
      : [];
    return {
      state: "bad",
      title: "The books cannot be read",
      findings: [{ text: sentence(detail) }, ...effect, ...age],
    };
  }
  const text = isBehindProxy
    ? "The query service does not answer. Publishing may still work, because gateways take events without it. Reconnecting …"
    : "Tidemark does not answer. Reconnecting …";
  return { state: "bad", title: "Disconnected", findings: [{ text }, ...age] };
}
