import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  nowMs(): number;
  /** Resolves after this time, or at once when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export const DAY_MS = 24 * 60 * 60 * 1_000;

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

// A step takes 11 ms in SQLite and 34 ms in PostgreSQL. It is followed by a pause of the same length or longer.
export const STEP_ROWS = 2_000;
const MIN_PAUSE_MS = 50;
// Stores end a step within 10 s. If a step seems to take longer, the machine was suspended or its clock was set.
const MAX_PAUSE_MS = 60 * 60 * 1_000;

/**
 * Repeats a step until the last one, or until the signal aborts. Returns the sum of the counts.
 *
 * @param pauses the length of the pause after each step, in multiples of the time that the step took; an hour at most
 */
export async function repeat(
  clock: Clock,
  signal: AbortSignal,
  step: () => Promise<{ count: number; isLast: boolean }>,
  pauses = 1,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const beganAtMs = clock.nowMs();
    const { count, isLast } = await step();
    total += count;
    if (isLast) break;
    const pauseMs = pauses * (clock.nowMs() - beganAtMs);
    await clock.pause(Math.min(Math.max(MIN_PAUSE_MS, pauseMs), MAX_PAUSE_MS), signal);
  }
  return total;
}
