import type { StoredEvent } from "@tidemark/event-store/event-store";

/** What an event holds of its own, stored or not. */
export type EventContent = Pick<StoredEvent, "topic" | "eventId" | "timestamp" | "source" | "payload" | "attributes">;

/**
 * An event as it is answered. Payload and attributes go out as the text they were kept as: every digit of a number comes
 * back, where JSON.parse and JSON.stringify would round it.
 */
export function eventText(event: StoredEvent): string {
  const members = [...contentMembers(event), `"processed_at":${JSON.stringify(event.processedAt)}`];
  if (event.payloadExpiredAt !== undefined) {
    members.push(`"payload_expired_at":${JSON.stringify(event.payloadExpiredAt)}`);
  }
  return `{${members.join(",")}}`;
}

/** The content of an event that is not stored as one, in the same shape. */
export function contentText(content: EventContent): string {
  return `{${contentMembers(content).join(",")}}`;
}

function contentMembers(event: EventContent): string[] {
  const members = [
    `"topic":${JSON.stringify(event.topic)}`,
    `"event_id":${JSON.stringify(event.eventId)}`,
    `"timestamp":${JSON.stringify(event.timestamp)}`,
    `"source":${JSON.stringify(event.source)}`,
    `"payload":${event.payload ?? "null"}`,
  ];
  if (event.attributes !== undefined) members.push(`"attributes":${event.attributes}`);
  return members;
}
