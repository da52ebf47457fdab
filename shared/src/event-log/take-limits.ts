import type { TakeLimits } from "./event-log.ts";

/** Removes from the front of `waiting` what fits the limits, at least one. */
export function takeWithin<Entry extends { events: number; bytes: number }>(
  { maxEvents, maxBytes }: TakeLimits,
  waiting: Entry[],
): Entry[] {
  let events = 0;
  let bytes = 0;
  let taken = 0;
  for (const entry of waiting) {
    events += entry.events;
    bytes += entry.bytes;
    if (taken > 0 && (events > maxEvents || bytes > maxBytes)) break;
    taken++;
  }
  return waiting.splice(0, taken);
}
