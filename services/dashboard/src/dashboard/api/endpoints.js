/** @import { AuditAnswer, DeadLettersAnswer, HealthAnswer, HistoryAnswer, RedriveAnswer, StatsAnswer, WhoamiAnswer } from "./contract.d.ts" */
import { elements, members, textOf } from "../text/json-text.js";
import { readJson, readText, withParameters } from "./request.js";

/** A recount of many rows takes minutes. */
const AUDIT_DEADLINE_MS = 30 * 60_000;

/** @returns {Promise<WhoamiAnswer>} */
export const readWhoami = () => readJson("whoami");

/** @returns {Promise<StatsAnswer>} */
export const readStats = () => readJson("stats");

/**
 * @param {{ since: string, step: string, topic?: string }} parameters
 * @returns {Promise<HistoryAnswer>}
 */
export const readHistory = (parameters) => readJson(withParameters("stats/history", parameters));

/** @returns {Promise<HealthAnswer>} */
export const readHealth = () => readJson("health", { accepts: 503 });

/** @returns {Promise<AuditAnswer>} */
export const readAudit = () => readJson("audit", { deadlineMs: AUDIT_DEADLINE_MS });

/** Returns whether a dead letter is on record. Those that were deleted are counted in /stats, but not on record. */
export async function hasDeadLetters() {
  /** @type {DeadLettersAnswer} */
  const { count } = await readJson("dead-letters?limit=1");
  return count > 0;
}

/**
 * @param {string} id
 * @returns {Promise<RedriveAnswer>}
 */
export const redriveDeadLetter = (id) => readJson(`dead-letters/${encodeURIComponent(id)}/redrive`, { method: "POST" });

/** @param {string} id */
export const deleteDeadLetter = (id) => readText(`dead-letters/${encodeURIComponent(id)}`, { method: "DELETE" });

/**
 * Returns the JSON text of a stored event, or undefined if there is none. The key is in the query, because a browser
 * resolves `.` and `..` in a path.
 *
 * @param {{ topic: string, id: string }} key
 */
export async function readEvent({ topic, id }) {
  const page = members(await readText(withParameters("events", { topic, event_id: id, limit: "1" })));
  return elements(textOf(page, "events"))[0];
}
