const MAX_DEVIATION_MS = 10;

let offsetMs = performance.timeOrigin;

/**
 * Reads the wall clock with fractions of a millisecond, so that short steps can be compared: milliseconds since the epoch.
 * It never steps back unless the clock of the system was set.
 */
export function nowMs(): number {
  const systemMs = Date.now();
  const monotonicMs = performance.now();
  if (Math.abs(systemMs - monotonicMs - offsetMs) > MAX_DEVIATION_MS) offsetMs = systemMs - monotonicMs;
  return offsetMs + monotonicMs;
}
