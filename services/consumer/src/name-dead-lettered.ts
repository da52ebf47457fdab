import type { Frame } from "@tidemark/domain/frame";
import { DEAD_LETTER, type Verdicts } from "@tidemark/domain/verdict";
import { type NamesOfRequest, nameRequestOf } from "./name-requests.ts";

/** The names of an event that became a dead letter, as far as they can be read. The dead letter holds the rest. */
export interface DeadLetteredEvent extends NamesOfRequest {
  frame: string;
  topic?: string;
  event_id?: string;
}

const MAX_NAME_LENGTH = 200;

/** Shortens a name for a log line: an event that the store refuses may be megabytes long. */
export function cutName(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
}

/** Names the first `max` events of a frame that the store refused. */
export function nameDeadLettered(frame: Frame, verdicts: Verdicts, max: number): DeadLetteredEvent[] {
  const { id, events } = frame;
  const ordinals: number[] = [];
  for (
    let at = verdicts.indexOf(DEAD_LETTER);
    at >= 0 && ordinals.length < max;
    at = verdicts.indexOf(DEAD_LETTER, at + 1)
  ) {
    ordinals.push(at);
  }
  if (ordinals.length === 0) return [];
  const items = readItems(events);
  // A frame whose text is not an array of its events was refused as a whole.
  if (items?.length !== verdicts.length) return [{ frame: id }];
  return ordinals.map((ordinal) => ({ frame: id, ...nameRequestOf(frame, ordinal), ...nameItem(items[ordinal]) }));
}

function readItems(events: Buffer): unknown[] | undefined {
  try {
    const items: unknown = JSON.parse(events.toString());
    return Array.isArray(items) ? items : undefined;
  } catch {
    return undefined;
  }
}

function nameItem(item: unknown): Pick<DeadLetteredEvent, "topic" | "event_id"> {
  if (typeof item !== "object" || item === null) return {};
  const { topic, event_id } = item as { topic?: unknown; event_id?: unknown };
  return {
    ...(typeof topic === "string" && { topic: cutName(topic) }),
    ...(typeof event_id === "string" && { event_id: cutName(event_id) }),
  };
}
