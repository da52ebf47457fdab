/** @import { SubscriptionAnswer } from "../api/contract.d.ts" */
import { ago, count, plural, span } from "../text/format.js";

const DAY_SECONDS = 86_400;
/** A subscription that is less behind follows closely, however short the retention is. The alert has the same bound. */
export const HOUR_SECONDS = 3_600;

/** @param {Pick<SubscriptionAnswer, "topic" | "topic_prefix">} subscription */
export function topicsText({ topic, topic_prefix: prefix }) {
  if (topic !== null) return `topic ${topic}`;
  return prefix === null ? "all topics" : `topics that begin with ${prefix}`;
}

/** @param {Pick<SubscriptionAnswer, "lag_events" | "lag_exact">} subscription */
export function unreadText({ lag_events: events, lag_exact: isExact }) {
  return isExact ? count(events) : `${count(events)} or more`;
}

/** @param {Pick<SubscriptionAnswer, "lag_events" | "lag_exact" | "lag_seconds">} subscription */
export function behindText({ lag_events: events, lag_exact: isExact, lag_seconds: seconds }) {
  return events === 0 && isExact ? "–" : span(seconds);
}

/** @param {Pick<SubscriptionAnswer, "created_at" | "updated_at">} subscription */
export function acknowledgedText({ created_at: created, updated_at: updated }, now = Date.now()) {
  return updated === created ? "never" : ago(updated, now);
}

/**
 * Returns what retention has removed, or removes within a day, before the subscription has read it.
 *
 * @param {Pick<SubscriptionAnswer, "lag_seconds" | "payloads_expired" | "payloads_expire_in_seconds">} subscription
 */
export function warningText({ lag_seconds: lag, payloads_expired: expired, payloads_expire_in_seconds: left }) {
  if (expired > 0) return `${plural(expired, "unread payload")} expired`;
  if (left === null || left >= DAY_SECONDS || lag <= HOUR_SECONDS) return "";
  return `unread payloads expire in ${span(left)}`;
}
