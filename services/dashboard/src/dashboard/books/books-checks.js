/** @import { StatsAnswer } from "../api/contract.d.ts" */

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
 * Whether the log did not answer /stats. A key that is limited to topics cannot see this.
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
