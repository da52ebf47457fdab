import type { EventFilters } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import type { CursorScope } from "../paging/cursor.ts";

/** Reads the filters of a list of events from its parameters. */
export function readFilters({ topic, event_id: eventId, source, since, until }: EventsParameters): EventFilters {
  return { topic, eventId, source, since, until };
}

/**
 * Returns the scope of cursors of these events, which is the same in pages, exports and streams, and for every key: a
 * cursor holds only a position, and the topics come from the key of each request.
 */
export function eventsScope(order: CursorScope["order"], filters: EventFilters): CursorScope {
  const { topic, eventId, source, since, until } = filters;
  return { order, filters: { list: "events", topic, event_id: eventId, source, since, until } };
}
