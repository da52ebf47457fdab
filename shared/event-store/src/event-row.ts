import type { StoredEvent } from "./event-store.ts";

/** A row of the table `events` in both stores, with JSON and instants as text. */
export interface EventRow {
  topic: string;
  event_id: string;
  timestamp: string;
  source: string;
  payload: string | null;
  attributes: string | null;
  processed_at: string;
  payload_expired_at: string | null;
}

export function readEvent(row: EventRow, position: string): StoredEvent {
  return {
    position,
    topic: row.topic,
    eventId: row.event_id,
    timestamp: row.timestamp,
    source: row.source,
    payload: row.payload,
    ...(row.attributes !== null && { attributes: row.attributes }),
    processedAt: row.processed_at,
    ...(row.payload_expired_at !== null && { payloadExpiredAt: row.payload_expired_at }),
  };
}
