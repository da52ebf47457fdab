import { isUtf8 } from "node:buffer";
import { isJsonObject } from "../event.ts";
import { arrayItems, skipSpace } from "../json-text.ts";
import { refusedByStore } from "./sqlite-errors.ts";
import { type FrameEvent, readEvents } from "./sqlite-event-reader.ts";

/** An item of a frame's array, which may be no event. */
export interface FrameItem {
  /** Its JSON text. */
  content: string;
  /** Undefined where it cannot be read. */
  topic: string | undefined;
}

/**
 * Takes a frame apart that `readEvents` or the store refuses: which of its items is at fault?
 *
 * @throws {InvalidInput} when it is the frame: its text is no JSON array of as many items as it declares
 */
export function readItems(bytes: Buffer, declared: number): FrameItem[] {
  if (!isUtf8(bytes)) throw refusedByStore("damaged frame: not UTF-8");
  const values = parse(bytes.toString());
  if (!Array.isArray(values)) throw refusedByStore("damaged frame: not an array");
  if (values.length !== declared) {
    throw refusedByStore(`damaged frame: it declares ${declared} events and holds ${values.length}`);
  }
  return arrayItems(bytes, skipSpace(bytes, 0)).map(({ start, end }, index) => {
    const value: unknown = values[index];
    const topic = isJsonObject(value) && typeof value.topic === "string" ? value.topic : undefined;
    return { content: bytes.toString("utf8", start, end), topic };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusedByStore("damaged frame: not JSON", cause);
  }
}

/** @throws {InvalidInput} when it is no event */
export function readItem(content: string): FrameEvent {
  const [event] = readEvents(Buffer.from(`[${content}]`));
  if (event === undefined) throw refusedByStore("damaged frame: no event");
  return event;
}
