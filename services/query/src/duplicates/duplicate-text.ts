import type { Duplicate } from "@tidemark/event-store/duplicates";
import { contentText } from "../events/event-text.ts";

/** Returns the JSON text of a duplicate, with the content of a conflict as its stored text. */
export function duplicateText(duplicate: Duplicate): string {
  const { topic, eventId, source, receivedAt, firstProcessedAt, isConflict, content } = duplicate;
  const head = JSON.stringify({
    topic,
    event_id: eventId,
    source: source === "" ? null : source,
    received_at: receivedAt,
    first_processed_at: firstProcessedAt,
    age_seconds: ageSeconds(duplicate),
    conflict: isConflict,
  });
  if (content === undefined) return head;
  return `${head.slice(0, -1)},"event":${contentText({ topic, eventId, source, ...content })}}`;
}

/** Returns 0 for a duplicate that was received before the event was stored, for example in the same request. */
function ageSeconds({ receivedAt, firstProcessedAt }: Duplicate): number {
  return Math.max(0, microseconds(receivedAt) - microseconds(firstProcessedAt)) / 1_000_000;
}

/** Returns microseconds since the epoch, exact until the year 2255. `Date.parse` alone is exact to the millisecond. */
function microseconds(instant: string): number {
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1_000 + Number(instant.slice(20, 26));
}
