/** @import { HealthAnswer } from "./contract.d.ts" */

/**
 * The times at which this page first saw a part silent, in milliseconds since the epoch. A part that answers has none.
 *
 * @typedef {{ log?: number, gateway?: number, consumer?: number }} Silences
 */

/**
 * Returns the silences after an answer of /health. Without an answer they stay, because nothing new is known.
 *
 * @param {Silences} before
 * @param {HealthAnswer | undefined} health
 * @param {number} now
 * @returns {Silences}
 */
export function followSilences(before, health, now) {
  if (!health) return before;
  if (isLogAway(health)) return { ...before, log: before.log ?? now };
  return {
    ...(!health.gateway_running && { gateway: before.gateway ?? now }),
    ...(!health.consumer_running && { consumer: before.consumer ?? now }),
  };
}

/**
 * Whether the log does not answer. Heartbeats come through the log, so nothing is known of gateways and consumers then.
 *
 * @param {HealthAnswer | undefined} health
 */
export function isLogAway(health) {
  return health?.log_bytes === null;
}
