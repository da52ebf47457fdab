const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * A time up to now that the plot can show: `step` is that of /stats/history, `everyMs` the time between two readings of it.
 *
 * @typedef {{ name: string, lengthMs: number, step: string, everyMs: number }} Range
 */

/** @type {readonly [Range, ...Range[]]} */
export const RANGES = [
  { name: "5 minutes", lengthMs: 5 * MINUTE_MS, step: "1m", everyMs: 30_000 },
  { name: "1 hour", lengthMs: HOUR_MS, step: "1m", everyMs: 10_000 },
  { name: "6 hours", lengthMs: 6 * HOUR_MS, step: "5m", everyMs: 30_000 },
  { name: "24 hours", lengthMs: DAY_MS, step: "15m", everyMs: 60_000 },
  { name: "7 days", lengthMs: 7 * DAY_MS, step: "2h", everyMs: 60_000 },
  { name: "30 days", lengthMs: 30 * DAY_MS, step: "6h", everyMs: 60_000 },
];
