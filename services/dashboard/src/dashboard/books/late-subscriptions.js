/** @import { SubscriptionAnswer } from "../api/contract.d.ts" */
/** @import { Finding } from "./findings.js" */
import { acknowledgedText, HOUR_SECONDS, warningText } from "../subscriptions/subscription-texts.js";
import { plural, span } from "../text/format.js";

/** More of them are counted. */
const MAX_NAMED = 3;

/**
 * Finds the subscriptions that are far behind. Those whose unread payloads the retention removes need attention. The others
 * are notes, because a program may read once a day.
 *
 * @param {SubscriptionAnswer[]} subscriptions
 * @param {number} now
 * @returns {{ warnings: Finding[], notes: Finding[] }}
 */
export function findLateSubscriptions(subscriptions, now) {
  const byLag = subscriptions.toSorted((one, other) => other.lag_seconds - one.lag_seconds);
  const losing = byLag.filter((subscription) => warningText(subscription) !== "");
  const late = byLag.filter((each) => each.lag_seconds > HOUR_SECONDS && !losing.includes(each));
  return {
    warnings: nameFirst(losing, (each) => `is ${span(each.lag_seconds)} behind: ${warningText(each)}`),
    notes: nameFirst(
      late,
      (each) => `is ${span(each.lag_seconds)} behind; last acknowledged: ${acknowledgedText(each, now)}`,
    ),
  };
}

/**
 * @param {SubscriptionAnswer[]} subscriptions
 * @param {(subscription: SubscriptionAnswer) => string} describe
 * @returns {Finding[]}
 */
function nameFirst(subscriptions, describe) {
  const texts = subscriptions.slice(0, MAX_NAMED).map((each) => `The subscription ${each.name} ${describe(each)}.`);
  const rest = subscriptions.length - texts.length;
  if (rest > 0) texts.push(`So are ${plural(rest, "other subscription")}.`);
  return texts.map((text) => ({ text, href: "#/subscriptions" }));
}
