import { isUtf8 } from "node:buffer";
import { InvalidInput } from "@tidemark/domain/errors";
import { isJsonObject, isName } from "@tidemark/domain/event";
import { arrayItems, skipSpace } from "@tidemark/json/text";

/** An item of a frame's array. It may not be an event. */
export interface FrameItem {
  /** The JSON text of the item. */
  content: string;
  /** The topic under which the item can be listed and counted. Undefined if it has none. */
  topic: string | undefined;
  /** Undefined if it cannot be read. */
  eventId: string | undefined;
}

/**
 * Splits a frame that the store refuses into its items, so that the item at fault can be found.
 *
 * @throws {InvalidInput} when the frame itself is damaged: its text is not a JSON array with as many items as it declares
 */
export function readItems(bytes: Buffer, declared: number): FrameItem[] {
  if (!isUtf8(bytes)) throw damaged("not UTF-8");
  const values = parse(bytes.toString());
  if (!Array.isArray(values)) throw damaged("not an array");
  if (values.length !== declared) throw damaged(`it declares ${declared} events and holds ${values.length}`);
  return arrayItems(bytes, skipSpace(bytes, 0)).map(({ start, end }, index) => {
    const value: unknown = values[index];
    const { topic, event_id: eventId } = isJsonObject(value) ? value : {};
    return { content: bytes.toString("utf8", start, end), topic: topicOrNone(topic), eventId: textOrNone(eventId) };
  });
}

/** Returns the event id in the content of a dead letter. Undefined if it cannot be read. */
export function eventIdOf(content: string): string | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return isJsonObject(value) ? textOrNone(value.event_id) : undefined;
  } catch {
    return undefined; // not JSON, so no event with this content could be stored
  }
}

/** Drops a topic that no event can have: the store may have refused it, and would refuse the dead letter as well. */
function topicOrNone(value: unknown): string | undefined {
  return isName(value) && value.isWellFormed() ? value : undefined;
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged("not JSON", cause);
  }
}

function damaged(what: string, cause?: unknown): InvalidInput {
  return new InvalidInput({ code: "invalid_event", status: 422, detail: `damaged frame: ${what}`, cause });
}
