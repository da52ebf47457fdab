/** @import { TopicStats } from "../api/contract.d.ts" */

/** @param {TopicStats} stats */
const duplicateShare = ({ duplicate_dropped, received }) => (received === 0 ? 0 : duplicate_dropped / received);

/** @satisfies {Record<string, (one: TopicStats, other: TopicStats) => number>} */
const ORDERS = {
  received: (one, other) => other.received - one.received,
  share: (one, other) => duplicateShare(other) - duplicateShare(one),
  name: (one, other) => one.topic.localeCompare(other.topic),
  last: (one, other) => (one.last_processed_at < other.last_processed_at ? 1 : -1),
};

/**
 * @param {string} text
 * @returns {text is keyof typeof ORDERS}
 */
export function isTopicOrder(text) {
  return Object.hasOwn(ORDERS, text);
}

/**
 * Returns the topics in the order of that name: the busiest, the highest share of duplicates or the latest first.
 *
 * @param {TopicStats[]} topics
 * @param {keyof typeof ORDERS} order
 */
export function sortTopics(topics, order) {
  return topics.toSorted(ORDERS[order]);
}
