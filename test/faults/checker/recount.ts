import { createEvent, numberOf } from "../load/sent-event.ts";
import type { Tally } from "../load/tally.ts";
import { isAsSent, type StoredEvent } from "./stored-event.ts";

/** The result of a scan over all stored events. */
export interface Recount {
  rows: number;
  /** The number of times that each event is stored, by event number. */
  timesStored: Map<number, number>;
  rowsByTopic: Map<string, number>;
  /** Keys that no producer sent. */
  unknownKeys: string[];
  /** Keys whose content differs from the sent event. */
  altered: string[];
}

/** Counts the stored events again, and compares each with what was sent. */
export async function recount(
  pages: AsyncIterable<StoredEvent[]>,
  { seed, clockMs, burdens }: Pick<Tally, "clockMs" | "burdens"> & { seed: number },
): Promise<Recount> {
  const found: Recount = { rows: 0, timesStored: new Map(), rowsByTopic: new Map(), unknownKeys: [], altered: [] };
  for await (const events of pages) {
    for (const event of events) {
      const { topic, event_id: eventId } = event;
      found.rows++;
      found.rowsByTopic.set(topic, (found.rowsByTopic.get(topic) ?? 0) + 1);
      const number = numberOf(seed, topic, eventId);
      const sentAtMs = number === undefined ? undefined : clockMs[number];
      if (number === undefined || sentAtMs === undefined) {
        found.unknownKeys.push(`${topic} ${eventId}`);
        continue;
      }
      found.timesStored.set(number, (found.timesStored.get(number) ?? 0) + 1);
      if (!isAsSent(event, createEvent(seed, number, sentAtMs, burdens.get(number))))
        found.altered.push(`${topic} ${eventId}`);
    }
  }
  return found;
}
