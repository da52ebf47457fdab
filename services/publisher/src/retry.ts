import { setTimeout as delay } from "node:timers/promises";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
// A service that asks for more patience than this is asked again anyway; `--retry-for` decides when to give up.
const LONGEST_RETRY_AFTER_MS = 60_000;

/** `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, section 10.2.3); 0 without a valid one. */
export function readRetryAfter(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/**
 * How long to wait before the next attempt: doubling, half of it random, so that many publishers that failed together do
 * not come back together; never less than the service asked for.
 */
export function backoffMs(failures: number, retryAfterMs: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  const jittered = ceiling * (0.5 + random() / 2);
  return retryAfterMs > jittered ? retryAfterMs + random() * FIRST_DELAY_MS : jittered;
}

/** Waits, or returns false at once when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
