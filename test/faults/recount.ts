import { createEvent, numberOf } from "./sent-event.ts";
import { isAsSent, type StoredEvent } from "./stored-event.ts";

/** What the walk over all stored events found. */
export interface Recount {
  rows: number;
  /** How often each event is stored, by number. */
  timesStored: Map<number, number>;
  rowsByTopic: Map<string, number>;
  /** Keys that no producer sent. */
  strangers: string[];
  /** Keys whose content is not what was sent. */
  altered: string[];
}

/** Counts stored events anew, and compares each with what was sent. */
export async function recount(
  pages: AsyncIterable<StoredEvent[]>,
  { seed, clockMs }: { seed: number; clockMs: readonly number[] },
): Promise<Recount> {
  const found: Recount = { rows: 0, timesStored: new Map(), rowsByTopic: new Map(), strangers: [], altered: [] };
  for await (const events of pages) {
    for (const event of events) {
      const { topic, event_id: eventId } = event;
      found.rows++;
      found.rowsByTopic.set(topic, (found.rowsByTopic.get(topic) ?? 0) + 1);
      const number = numberOf(seed, topic, eventId);
      const sentAtMs = number === undefined ? undefined : clockMs[number];
      if (number === undefined || sentAtMs === undefined) {
        found.strangers.push(`${topic} ${eventId}`);
        continue;
      }
      found.timesStored.set(number, (found.timesStored.get(number) ?? 0) + 1);
      if (!isAsSent(event, createEvent(seed, number, sentAtMs))) found.altered.push(`${topic} ${eventId}`);
    }
  }
  return found;
}
