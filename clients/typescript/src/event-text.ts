import type { IdentifiedEvent, NewEvent } from "./contract.ts";

/** Returns a copy of the event, with a random id if it has none. */
export function identify(event: NewEvent): IdentifiedEvent {
  return { ...event, event_id: event.event_id ?? crypto.randomUUID() };
}
