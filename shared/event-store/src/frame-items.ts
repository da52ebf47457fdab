import { isUtf8 } from "node:buffer";
import { InvalidInput } from "@tidemark/domain/errors";
import { isJsonObject, Topic } from "@tidemark/domain/event";
import { arrayItems, skipSpace } from "@tidemark/json/text";

/** An item of a frame's array, which may be no event. */
export interface FrameItem {
  /** Its JSON text. */
  content: string;
  /** One under which it can be listed and counted; undefined where it has none. */
  topic: string | undefined;
  /** Undefined where it cannot be read. */
  eventId: string | undefined;
}

/**
 * Takes a frame apart that the store refuses: which of its items is at fault?
 *
 * @throws {InvalidInput} when it is the frame: its text is no JSON array of as many items as it declares
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

/** A topic that no event can have may be what the store refused, and it would refuse the dead letter for it, too. */
function topicOrNone(value: unknown): string | undefined {
  const topic = Topic.safeParse(value);
  return topic.success && topic.data.isWellFormed() ? topic.data : undefined;
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
