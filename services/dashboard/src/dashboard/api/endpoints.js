/** @import { AuditAnswer, HealthAnswer, HistoryAnswer, RedriveAnswer, StatsAnswer, SubscriptionAnswer, TopicsAnswer, WhoamiAnswer } from "./contract.d.ts" */
import { elements, members, stringOf, textOf } from "../text/json-text.js";
import { readJson, readText, withParameters } from "./request.js";

/** A recount of many rows takes minutes. */
const AUDIT_DEADLINE_MS = 30 * 60_000;

/** The service gives up on its store after five seconds and says so. A later answer does not come. */
const STATE_DEADLINE_MS = 8_000;

/** @returns {Promise<WhoamiAnswer>} */
export const readWhoami = () => readJson("whoami");

/**
 * @param {number} limit the number of topics and sources that the answer lists
 * @returns {Promise<StatsAnswer>}
 */
export const readStats = (limit) =>
  readJson(withParameters("stats", { limit: String(limit) }), { deadlineMs: STATE_DEADLINE_MS });

/**
 * Returns a page of the topics whose names contain a text.
 *
 * @param {{ contains: string, cursor?: string | undefined, limit?: number }} page
 * @returns {Promise<TopicsAnswer>}
 */
export const readTopics = ({ contains, cursor, limit = 200 }) =>
  readJson(withParameters("topics", { contains, cursor, limit: String(limit) }));

/**
 * Returns whether an event of the topic is stored.
 *
 * @param {string} topic
 */
export async function hasTopic(topic) {
  const page = members(await readText(withParameters("events", { topic, limit: "1" })));
  return elements(textOf(page, "events")).length > 0;
}

/**
 * @param {{ since: string, step: string, topic?: string }} parameters
 * @returns {Promise<HistoryAnswer>}
 */
export const readHistory = (parameters) => readJson(withParameters("stats/history", parameters));

/** @returns {Promise<HealthAnswer>} */
export const readHealth = () => readJson("health", { accepts: 503, deadlineMs: STATE_DEADLINE_MS });

/** @returns {Promise<AuditAnswer>} */
export const readAudit = () => readJson("audit", { deadlineMs: AUDIT_DEADLINE_MS });

/** Returns the time of the oldest dead letter on record, or undefined if there is none. */
export async function readOldestDeadLetter() {
  return await readFirst({ path: "dead-letters?limit=1", member: "dead_letters", time: "dead_at" });
}

/** Returns the time of the latest conflict on record, or undefined if there is none. */
export async function readLatestConflict() {
  return await readFirst({ path: "duplicates?conflicting=true&limit=1", member: "duplicates", time: "received_at" });
}

/**
 * Returns a time of the first entry of a list, or undefined if the list is empty.
 *
 * @param {{ path: string, member: string, time: string }} list
 */
async function readFirst({ path, member, time }) {
  const [first] = elements(textOf(members(await readText(path)), member));
  return first === undefined ? undefined : stringOf(members(first), time);
}

/** Generates the ids of all dead letters, the oldest first. */
export async function* readDeadLetterIds() {
  /** @type {string | undefined} */
  let cursor;
  do {
    const page = members(await readText(withParameters("dead-letters", { limit: "100", cursor })));
    for (const letter of elements(textOf(page, "dead_letters"))) yield stringOf(members(letter), "id");
    cursor = JSON.parse(textOf(page, "next_cursor")) ?? undefined;
  } while (cursor !== undefined);
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

/** Returns the durable subscriptions that this key reaches, in the order of their names. */
export async function readSubscriptions() {
  /** @type {{ subscriptions: SubscriptionAnswer[] }} */
  const { subscriptions } = await readJson("subscriptions");
  return subscriptions;
}

/** @param {string} name */
export const deleteSubscription = (name) => readText(`subscriptions/${encodeURIComponent(name)}`, { method: "DELETE" });
