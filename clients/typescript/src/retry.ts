import { setTimeout as delay } from "node:timers/promises";

export interface Backoff {
  firstDelayMs: number;
  longestDelayMs: number;
}

/** The longest delay of a timer: Node fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reads `Retry-After`, seconds or an HTTP date (RFC 9110, section 10.2.3), in milliseconds from now; 0 if it is invalid. */
export function readRetryAfter(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}

/**
 * Returns the pause before the next attempt in milliseconds. It doubles, and half of it is random, so that producers that
 * failed together do not retry together. It is never shorter than `Retry-After`.
 */
export function backoffMs(
  failures: number,
  retryAfterMs: number,
  { firstDelayMs, longestDelayMs }: Backoff,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
  const jittered = ceiling * (0.5 + random() / 2);
  return retryAfterMs > jittered ? retryAfterMs + random() * firstDelayMs : jittered;
}

/** Waits; returns false at once if a signal fires. */
export async function pause(ms: number, ...signals: (AbortSignal | undefined)[]): Promise<boolean> {
  const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
  try {
    await delay(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
