import { refusedByStore } from "../connection/errors.ts";
import { type FrameEvent, readEvents } from "./read-events.ts";

/** @throws {InvalidInput} when it is no event */
export function readItem(content: string): FrameEvent {
  const [event] = readEvents(Buffer.from(`[${content}]`));
  if (event === undefined) throw refusedByStore("damaged frame: no event");
  return event;
}
