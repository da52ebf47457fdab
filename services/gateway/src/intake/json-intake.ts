import type { Fault } from "@tidemark/domain/errors";
import { MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { escapePointer, readShortened } from "@tidemark/json/pointer";
import type { JsonScan } from "@tidemark/json/scan";
import { MemberNames } from "@tidemark/json/shallow";
import { shorten } from "@tidemark/json/shorten";
import { type Span, skipSpace, valueEnd, visitItems, visitMembers } from "@tidemark/json/text";
import {
  collectEvents,
  createEntry,
  emptyBatch,
  type Intake,
  type IntakeOptions,
  invalidEvents,
  joinWithCommas,
  type LocatedEvent,
  MAX_FAULTS,
  refuseLargeBatch,
} from "./intake.ts";
import { scanDocument } from "./json-document.ts";
import { rewriteEvent } from "./rewrite-event.ts";
import { type EventOutline, outlineEvent, validateEvent } from "./validate-event.ts";

/** A JSON body and the location of its events. */
interface Body {
  bytes: Buffer;
  scan: JsonScan;
  events: EventOutline[];
  /** The array of events. Undefined if the body is one event. */
  array?: Span;
  /** The pointer of the array of events, without an index. */
  arrayPointer: string;
  /** The levels of arrays and objects from the outermost one to the event itself, both included. */
  eventDepth: number;
}

/**
 * Reads a body of one event, an array of events, or `{"events": [...]}`. An event keeps its text if a store can read
 * that text unchanged. Almost every body is valid. It is therefore checked as a whole first, and event by event only if
 * that fails or if the client reaches only some topics.
 *
 * @throws {InvalidInput} 400 if the body is not JSON, 422 with pointers if events break a rule
 */
export function readJsonIntake(bytes: Buffer, options: IntakeOptions): Intake {
  const body = locateEvents(bytes, scanDocument(bytes), options.maxBatchEvents);
  const { scan, events } = body;
  const areStorable = scan.faultCount === 0 && scan.depth <= body.eventDepth + MAX_VALUE_DEPTH;
  const isValid = options.mayReach === undefined && areStorable && events.every(({ form }) => form !== "invalid");
  if (!isValid) return collectEvents(validateEach(body), options);
  return {
    count: events.length,
    events: eventsText(body),
    ...(options.wantsEntries && { entries: events.map(({ topic, eventId }) => createEntry(topic, eventId, false)) }),
    ...(options.isLenient && { rejected: [] }),
  };
}

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const WRAPPER_NAMES = new MemberNames(["events", "topic"]);

/** @throws {InvalidInput} 422 for no or too many events, or if the object around them is wrong */
function locateEvents(bytes: Buffer, scan: JsonScan, maxBatchEvents: number): Body {
  const start = skipSpace(bytes, 0);
  const located = (array: number, arrayPointer: string, eventDepth: number): Body => {
    const events: EventOutline[] = [];
    const end = visitEvents(bytes, array, maxBatchEvents, (eventStart) => {
      const event = outlineEvent(bytes, eventStart);
      events.push(event);
      return event.end;
    });
    return { bytes, scan, events, array: { start: array, end }, arrayPointer, eventDepth };
  };
  if (bytes[start] === OPEN_BRACKET) return located(start, "", 2);
  const wrapped = bytes[start] === OPEN_BRACE ? findWrapped(bytes, start) : undefined;
  if (wrapped !== undefined) return located(wrapped, "/events", 3);
  return { bytes, scan, events: [outlineEvent(bytes, start)], arrayPointer: "", eventDepth: 1 };
}

/** Visits the events in an array like `visitItems`. @throws {InvalidInput} 422 for none, or for more than `maxEvents` */
export function visitEvents(bytes: Buffer, start: number, maxEvents: number, visit: (start: number) => number): number {
  let count = 0;
  const end = visitItems(bytes, start, (at) => (++count <= maxEvents ? visit(at) : valueEnd(bytes, at)));
  if (count === 0) throw emptyBatch();
  refuseLargeBatch(count, maxEvents);
  return end;
}

/**
 * Returns the offset of the array in `{"events": [...]}`; undefined if the object has no `events`, or has a `topic` and is
 * an event. If `events` is repeated the last one counts, as for `JSON.parse`.
 *
 * @throws {InvalidInput} 422 if `events` is not an array, or if there are other members beside it
 */
function findWrapped(bytes: Buffer, start: number): number | undefined {
  let array = -1;
  let isEvent = false;
  let othersCount = 0;
  const others: Span[] = []; // their keys; only a refusal needs pointers
  visitMembers(bytes, start, (keyStart, keyEnd, valueStart) => {
    const name = WRAPPER_NAMES.find(bytes, keyStart, keyEnd);
    if (name === "events") array = valueStart;
    else if (name === "topic") isEvent = true;
    else if (++othersCount <= MAX_FAULTS) others.push({ start: keyStart, end: keyEnd });
  });
  if (array < 0 || isEvent) return undefined;
  const isArray = bytes[array] === OPEN_BRACKET;
  const faults: Fault[] = isArray ? [] : [{ pointer: "/events", detail: "must be an array of events" }];
  for (const { start, end } of others) {
    const pointer = shorten(`/${escapePointer(readShortened(bytes, start, end))}`);
    faults.push({ pointer, detail: "is not allowed together with `events`" });
  }
  if (faults.length > 0) throw invalidEvents(faults.slice(0, MAX_FAULTS), othersCount + Number(!isArray));
  return array;
}

function* validateEach({ bytes, events, array, arrayPointer }: Body): Generator<LocatedEvent> {
  let left = MAX_FAULTS;
  for (const [index, { start, end }] of events.entries()) {
    const event = validateEvent(bytes.subarray(start, end), Math.max(left, 1));
    if ("faults" in event) left -= event.faults.first.length;
    yield { event, pointer: array === undefined ? "" : `${arrayPointer}/${index}` };
  }
}

/** Cuts the text of the events out of the body, and rewrites those that must be. */
function eventsText({ bytes, events, array }: Body): Buffer {
  if (events.every(({ form }) => form === "unchanged")) {
    return array === undefined ? bytes : bytes.subarray(array.start + 1, array.end - 1);
  }
  const parts = events.map(({ form, start, end }) => {
    const text = bytes.subarray(start, end);
    return form === "rewritten" ? rewriteEvent(text) : text;
  });
  return joinWithCommas(parts);
}
