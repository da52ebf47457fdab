import type { Duplicate } from "@tidemark/event-store/duplicates";
import { contentText } from "../events/event-text.ts";

/** A dropped copy as it is answered; the content of one that differed goes out as the text it was kept as. */
export function duplicateText(copy: Duplicate): string {
  const { topic, eventId, source, receivedAt, firstProcessedAt, isConflict, content } = copy;
  const head = JSON.stringify({
    topic,
    event_id: eventId,
    source,
    received_at: receivedAt,
    first_processed_at: firstProcessedAt,
    age_seconds: ageSeconds(copy),
    conflict: isConflict,
  });
  if (content === undefined) return head;
  return `${head.slice(0, -1)},"event":${contentText({ topic, eventId, source, ...content })}}`;
}

/** 0 for a copy that was received before the first one was processed, as one in the same request is. */
function ageSeconds({ receivedAt, firstProcessedAt }: Duplicate): number {
  return Math.max(0, microseconds(receivedAt) - microseconds(firstProcessedAt)) / 1_000_000;
}

/** Since the epoch; exact until the year 2255. `Date.parse` alone would stop at the millisecond. */
function microseconds(instant: string): number {
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1_000 + Number(instant.slice(20, 26));
}
