const MAX_DEVIATION_MS = 10;

let offsetMs = performance.timeOrigin;

/**
 * Reads the wall clock in milliseconds since the epoch, with fractions, so that short steps can be compared. It never
 * goes back unless the clock of the system is set.
 */
export function nowMs(): number {
  const systemMs = Date.now();
  const monotonicMs = performance.now();
  if (Math.abs(systemMs - monotonicMs - offsetMs) > MAX_DEVIATION_MS) offsetMs = systemMs - monotonicMs;
  return offsetMs + monotonicMs;
}
