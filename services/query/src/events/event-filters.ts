import type { EventFilters } from "@tidemark/event-store/event-store";
import type { EventsParameters } from "@tidemark/http-api/operations/events-api";
import type { CursorScope } from "../paging/cursor.ts";

/** Which events are asked for, by the names of the API. */
export type FilterParameters = Pick<EventsParameters, "topic" | "event_id" | "source" | "since" | "until">;

/** What cursors of these events belong to, in pages, exports and streams alike. */
export function eventsScope(order: CursorScope["order"], filters: FilterParameters): CursorScope {
  return { order, filters: { list: "events", ...filters } };
}

/** The same for the store. */
export function readFilters({ topic, event_id: eventId, source, since, until }: FilterParameters): EventFilters {
  return {
    ...(topic !== undefined && { topic }),
    ...(eventId !== undefined && { eventId }),
    ...(source !== undefined && { source }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}
