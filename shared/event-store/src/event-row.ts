import type { Duplicate } from "./duplicates.ts";
import type { StoredEvent } from "./event-store.ts";

/** The fields of an event that a stored event and a conflict both have, beside their names and their source. */
export interface EventContent {
  /** UTC, six digits of the second: `2025-10-23T10:00:00.000000Z`. */
  timestamp: string;
  /** JSON text of an object; null once the payload has expired or the event has been erased. */
  payload: string | null;
  /** JSON text of an object: the other fields that the producer sent. */
  attributes?: string;
}

/** The columns of this content, in both tables. */
interface ContentRow {
  timestamp: string;
  payload: string | null;
  attributes: string | null;
}

function readContent({ timestamp, payload, attributes }: ContentRow): EventContent {
  return { timestamp, payload, attributes: attributes ?? undefined };
}

/** A row of the table `events` as both stores read it: JSON and instants are texts. */
export interface EventRow extends ContentRow {
  topic: string;
  event_id: string;
  source: string;
  processed_at: string;
  payload_expired_at: string | null;
  erased_at: string | null;
}

export function readEvent(row: EventRow, position: string): StoredEvent {
  return {
    position,
    topic: row.topic,
    eventId: row.event_id,
    source: row.source,
    ...readContent(row),
    processedAt: row.processed_at,
    payloadExpiredAt: row.payload_expired_at ?? undefined,
    erasedAt: row.erased_at ?? undefined,
  };
}

/** A row of the table `duplicates` as both stores read it. The content is NULL unless it is that of a conflict. */
export interface DuplicateRow extends Omit<ContentRow, "timestamp"> {
  topic: string;
  event_id: string;
  source: string;
  received_at: string;
  first_processed_at: string;
  is_conflict: boolean;
  timestamp: string | null;
}

export function readDuplicate(row: DuplicateRow): Duplicate {
  const { timestamp, payload } = row;
  const hasContent = timestamp !== null && payload !== null;
  return {
    topic: row.topic,
    eventId: row.event_id,
    source: row.source,
    receivedAt: row.received_at,
    firstProcessedAt: row.first_processed_at,
    isConflict: row.is_conflict,
    content: hasContent ? { ...readContent({ ...row, timestamp }), payload } : undefined,
  };
}
