import type { StoredEvent } from "@tidemark/event-store/event-store";

/** The content of an event, stored or not. */
export type EventContent = Pick<StoredEvent, "topic" | "eventId" | "timestamp" | "source" | "payload" | "attributes">;

/**
 * Returns the JSON text of a stored event. Payload and attributes are their stored texts, because JSON.parse and
 * JSON.stringify would round numbers.
 */
export function eventText(event: StoredEvent): string {
  const content = contentMembers(event.erasedAt === undefined ? event : { ...event, source: null });
  const members = [...content, `"processed_at":${JSON.stringify(event.processedAt)}`];
  if (event.payloadExpiredAt !== undefined) {
    members.push(`"payload_expired_at":${JSON.stringify(event.payloadExpiredAt)}`);
  }
  if (event.erasedAt !== undefined) members.push(`"erased_at":${JSON.stringify(event.erasedAt)}`);
  return `{${members.join(",")}}`;
}

/** Returns the JSON text of a content that is not stored as an event, in the same shape. */
export function contentText(content: EventContent): string {
  return `{${contentMembers(content).join(",")}}`;
}

function contentMembers(event: Omit<EventContent, "source"> & { source: string | null }): string[] {
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
