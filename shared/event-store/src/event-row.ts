import type { Duplicate } from "./duplicates.ts";
import type { StoredEvent } from "./event-store.ts";

/** A row of the table `events` as both stores read it: JSON and instants are texts. */
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
    attributes: row.attributes ?? undefined,
    processedAt: row.processed_at,
    payloadExpiredAt: row.payload_expired_at ?? undefined,
  };
}

/** A row of the table `duplicates` as both stores read it. The content is NULL unless the duplicate is a conflict. */
export interface DuplicateRow {
  topic: string;
  event_id: string;
  source: string;
  received_at: string;
  first_processed_at: string;
  is_conflict: boolean;
  timestamp: string | null;
  payload: string | null;
  attributes: string | null;
}

export function readDuplicate(row: DuplicateRow): Duplicate {
  const { timestamp, payload, attributes } = row;
  const hasContent = timestamp !== null && payload !== null;
  return {
    topic: row.topic,
    eventId: row.event_id,
    source: row.source,
    receivedAt: row.received_at,
    firstProcessedAt: row.first_processed_at,
    isConflict: row.is_conflict,
    content: hasContent ? { timestamp, payload, attributes: attributes ?? undefined } : undefined,
  };
}
