import type { EventFilters } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import type { Client } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { CursorScope } from "../paging/cursor.ts";

/**
 * Reads the filters of a list of events from its parameters, and limits them to the topics that the client reaches.
 *
 * @throws {InvalidInput} 403 `topic_forbidden`
 */
export function readFilters(parameters: EventsParameters, client: Client): EventFilters {
  const { topic, event_id: eventId, source, since, until } = parameters;
  return { ...reachOf(client, topic), eventId, source, since, until };
}

/**
 * Returns the scope of cursors of these events, which is the same in pages, exports and streams, and for every key: a
 * cursor holds only a position, and the topics come from the key of each request.
 */
export function eventsScope(order: CursorScope["order"], filters: EventFilters): CursorScope {
  const { topic, eventId, source, since, until } = filters;
  return { order, filters: { list: "events", topic, event_id: eventId, source, since, until } };
}
