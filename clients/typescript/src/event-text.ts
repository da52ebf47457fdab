import type { IdentifiedEvent, NewEvent } from "./contract.ts";

/** The event itself where it has an id, otherwise a copy with a random one. */
export function identify(event: NewEvent): IdentifiedEvent {
  return isIdentified(event) ? event : { ...event, event_id: crypto.randomUUID() };
}

function isIdentified(event: NewEvent): event is IdentifiedEvent {
  return event.event_id !== undefined;
}
