import type { StoredEvent } from "@tidemark/shared/event-store/event-store";

/**
 * An event as it is answered. Payload and attributes go out as the text they were kept as: every digit of a number comes
 * back, where JSON.parse and JSON.stringify would round it.
 */
export function eventText(event: StoredEvent): string {
  const members = [
    `"topic":${JSON.stringify(event.topic)}`,
    `"event_id":${JSON.stringify(event.eventId)}`,
    `"timestamp":${JSON.stringify(event.timestamp)}`,
    `"source":${JSON.stringify(event.source)}`,
    `"payload":${event.payload ?? "null"}`,
  ];
  if (event.attributes !== undefined) members.push(`"attributes":${event.attributes}`);
  members.push(`"processed_at":${JSON.stringify(event.processedAt)}`);
  if (event.payloadExpiredAt !== undefined) {
    members.push(`"payload_expired_at":${JSON.stringify(event.payloadExpiredAt)}`);
  }
  return `{${members.join(",")}}`;
}
