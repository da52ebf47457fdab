import type { Fault } from "@tidemark/domain/errors";
import { formOfEvent, isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { escapePointer } from "@tidemark/json/pointer";
import { arrayItems, objectMembers, type Span, skipSpace } from "@tidemark/json/text";
import {
  collectEvents,
  createEntry,
  emptyBatch,
  type Intake,
  type IntakeEntry,
  type IntakeOptions,
  invalidEvents,
  joinWithCommas,
  type LocatedEvent,
  MAX_FAULTS,
  refuseLargeBatch,
} from "./intake.ts";
import { type JsonDocument, parseDocument } from "./json-document.ts";
import { rewriteEvent } from "./rewrite-event.ts";
import { validateEvent } from "./validate-event.ts";

/** A JSON body and the location of its events. */
interface Body extends JsonDocument {
  values: unknown[];
  /** The pointer of the array of events, without an index. Undefined if the body is one event. */
  arrayPointer: string | undefined;
  /** The levels of arrays and objects from the outermost one to the event itself, both included. */
  eventDepth: number;
}

/**
 * Reads a body of one event, an array of events, or `{"events": [...]}`. An event keeps its text if a store can read that
 * text unchanged. Nearly every body is valid, so it is checked as a whole first, and event by event only if that fails.
 *
 * @throws {InvalidInput} 400 if the body is not JSON, 422 with pointers if events break a rule
 */
export function readJsonIntake(bytes: Buffer, options: IntakeOptions): Intake {
  const body = locateEvents(parseDocument(bytes, options.maxBatchEvents));
  if (body.values.length === 0) throw emptyBatch();
  refuseLargeBatch(body.values.length, options.maxBatchEvents);
  const toRewrite: number[] = [];
  let isValid = body.scan.faults.length === 0 && body.scan.depth <= body.eventDepth + MAX_VALUE_DEPTH;
  for (let index = 0; index < body.values.length; index++) {
    const form = formOfEvent(body.values[index]);
    if (form === "invalid") isValid = false;
    else if (form === "rewritten") toRewrite.push(index);
  }
  if (!isValid) return collectEvents(validateEach(body), options);
  return {
    count: body.values.length,
    events: eventsText(body, toRewrite),
    ...(options.wantsEntries && { entries: body.values.map(entryOf) }),
    ...(options.isLenient && { rejected: [] }),
  };
}

function locateEvents(document: JsonDocument): Body {
  const { value } = document;
  if (Array.isArray(value)) return { ...document, values: value, arrayPointer: "", eventDepth: 2 };
  const isWrapper = isJsonObject(value) && Object.hasOwn(value, "events") && !Object.hasOwn(value, "topic");
  if (!isWrapper) return { ...document, values: [value], arrayPointer: undefined, eventDepth: 1 };
  const faults: Fault[] = Object.keys(value)
    .filter((key) => key !== "events")
    .map((key) => ({ pointer: `/${escapePointer(key)}`, detail: "is not allowed together with `events`" }));
  if (!Array.isArray(value.events)) faults.unshift({ pointer: "/events", detail: "must be an array of events" });
  if (faults.length > 0) throw invalidEvents(faults.slice(0, MAX_FAULTS), faults.length);
  return { ...document, values: value.events as unknown[], arrayPointer: "/events", eventDepth: 3 };
}

function entryOf(value: unknown): IntakeEntry {
  const { topic, event_id: eventId } = value as Record<string, unknown>;
  return createEntry(topic, eventId, false);
}

function* validateEach(body: Body): Generator<LocatedEvent> {
  const { bytes, values, arrayPointer } = body;
  if (arrayPointer === undefined) {
    yield { event: validateEvent({ text: bytes, value: values[0] }, MAX_FAULTS), pointer: "" };
    return;
  }
  let left = MAX_FAULTS;
  for (const [index, { start, end }] of arrayItems(bytes, arraySpan(body).start).entries()) {
    const event = validateEvent({ text: bytes.subarray(start, end), value: values[index] }, Math.max(left, 1));
    if ("faults" in event) left -= event.faults.first.length;
    yield { event, pointer: `${arrayPointer}/${index}` };
  }
}

/** Cuts the text of the events out of the body; rewrites only the events at the indices `toRewrite`. */
function eventsText(body: Body, toRewrite: number[]): Buffer {
  const { bytes, arrayPointer } = body;
  const array = arrayPointer === undefined ? undefined : arraySpan(body);
  if (toRewrite.length === 0) return array === undefined ? bytes : bytes.subarray(array.start + 1, array.end - 1);
  if (array === undefined) return rewriteEvent(bytes);
  const rewritten = new Set(toRewrite);
  const parts = arrayItems(bytes, array.start).map(({ start, end }, index) => {
    const text = bytes.subarray(start, end);
    return rewritten.has(index) ? rewriteEvent(text) : text;
  });
  return joinWithCommas(parts);
}

/** Finds the array of events. If `events` is repeated the last one counts, as for `JSON.parse`. */
function arraySpan({ bytes, arrayPointer, scan }: Body): Span {
  if (arrayPointer === "" || scan.outerCommas === 0) {
    return { start: bytes.indexOf("["), end: bytes.lastIndexOf("]") + 1 };
  }
  const array = objectMembers(bytes, skipSpace(bytes, 0)).findLast(({ key }) => key === "events");
  if (array === undefined) throw new Error("the array of events has no text");
  return array;
}
