import type { EventFilters } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import type { Client } from "@tidemark/runtime/access/client";
import { reachOf, reachOfPrefix, type TopicReach } from "@tidemark/runtime/access/topic-reach";
import type { CursorScope } from "../paging/cursor.ts";

/**
 * Reads the filters of a list of events from its parameters, and limits them to the topics that the client reaches.
 *
 * @throws {InvalidInput} 403 `topic_forbidden`
 */
export function readFilters(parameters: EventsParameters, client: Client): EventFilters {
  const { topic, topic_prefix: prefix, event_id: eventId, source, since, until } = parameters;
  return { ...reachOfBoth(client, topic, prefix), eventId, source, since, until };
}

function reachOfBoth(client: Client, topic: string | undefined, prefix: string | undefined): TopicReach {
  if (prefix === undefined) return reachOf(client, topic);
  if (topic === undefined) return reachOfPrefix(client, prefix);
  return topic.startsWith(prefix) ? reachOf(client, topic) : { ...reachOf(client, topic), topicPrefixes: [] };
}

/**
 * Returns the scope of cursors of these events, which is the same in pages, exports and streams, and for every key: a
 * cursor holds only a position, and the topics come from the key of each request.
 */
export function eventsScope(order: CursorScope["order"], parameters: ScopeParameters): CursorScope {
  const { topic, topic_prefix, event_id, source, since, until } = parameters;
  return { order, filters: { list: "events", topic, topic_prefix, event_id, source, since, until } };
}

type ScopeParameters = Partial<Omit<EventsParameters, "limit" | "order" | "cursor">>;
