import type { IdentifiedEvent, NewEvent } from "./contract.ts";

/** A copy of the event, with a random id where it has none. */
export function identify(event: NewEvent): IdentifiedEvent {
  return { ...event, event_id: event.event_id ?? crypto.randomUUID() };
}
