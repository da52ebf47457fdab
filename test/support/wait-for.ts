import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  timeoutMs?: number;
  intervalMs?: number;
}

/**
 * Waits until `probe` returns something other than `undefined`, `null` or `false`, and returns that value. A probe that
 * throws is tried again, so assertions make good probes.
 *
 * @throws {Error} after the timeout, with the description and the last result of the probe
 */
export async function waitFor<Value>(
  description: string,
  probe: () => Value | Promise<Value>,
  { timeoutMs = 15_000, intervalMs = 20 }: WaitOptions = {},
): Promise<Exclude<Value, undefined | null | false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let seen: unknown;
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<Value, undefined | null | false>;
      }
      seen = value;
    } catch (error) {
      seen = error;
    }
    if (Date.now() >= deadline) {
      const last = seen instanceof Error ? seen.message : JSON.stringify(seen);
      throw new Error(`waited ${timeoutMs} ms for ${description}; last saw: ${last}`, { cause: seen });
    }
    await delay(intervalMs);
  }
}
