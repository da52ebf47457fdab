import { isAscii, isUtf8 } from "node:buffer";
import { type Fault, InvalidInput } from "@tidemark/shared/errors";
import { Event, formOfEvent, isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/shared/event";
import { escapePointer, offsetDeeperThan, pointersAt } from "@tidemark/shared/json-pointer";
import { arrayItems, type JsonScan, objectMembers, type Span, scanJson, skipSpace } from "@tidemark/shared/json-text";
import { rewriteEvent } from "./rewrite-event.ts";

/** The events of one request, checked: what goes into a frame. */
export interface Intake {
  count: number;
  /** UTF-8 text: the events, separated by commas, without brackets around them. */
  events: Buffer;
}

/** A body parsed: where its events are in it. */
interface Body {
  bytes: Buffer;
  values: unknown[];
  /** Pointer of the array of events; the index follows. Undefined when the body is one event. */
  arrayPointer: string | undefined;
  /** Levels of arrays and objects down to the event itself, the event included. */
  eventDepth: number;
  scan: JsonScan;
}

const MAX_FAULTS = 100;
const OPEN_BRACKET = 0x5b;
// Deeper than any event may be; a body beyond it is not even parsed, for that would cost memory by the level.
const HOPELESS_DEPTH = 1_000;

/**
 * Reads a body of one event, an array of events, or `{"events": [...]}`, all or nothing: one bad event refuses the whole
 * request. The events keep the text they came in wherever a store can read it as it is.
 *
 * @throws {InvalidInput} 400 for what is no JSON, 422 with pointers for events that break a rule
 */
export function readIntake(bytes: Buffer, { maxBatchEvents }: { maxBatchEvents: number }): Intake {
  const body = parseBody(bytes, maxBatchEvents);
  if (body.values.length === 0) {
    throw new InvalidInput({ code: "empty_batch", status: 422, detail: "the batch holds no event" });
  }
  refuseLargeBatch(body.values.length, maxBatchEvents);
  const toRewrite: number[] = [];
  let isValid = body.scan.faults.length === 0 && body.scan.depth <= body.eventDepth + MAX_VALUE_DEPTH;
  for (let index = 0; index < body.values.length; index++) {
    const form = formOfEvent(body.values[index]);
    if (form === "not an event") isValid = false;
    else if (form === "rewritten") toRewrite.push(index);
  }
  if (!isValid) throw invalidEvents(body);
  return { count: body.values.length, events: eventsText(body, toRewrite) };
}

function refuseLargeBatch(count: number, maxBatchEvents: number): void {
  if (count <= maxBatchEvents) return;
  const detail = `the batch holds ${count} events, the limit is ${maxBatchEvents}`;
  throw new InvalidInput({ code: "batch_too_large", status: 422, detail });
}

function parseBody(bytes: Buffer, maxBatchEvents: number): Body {
  if (!isUtf8(bytes)) {
    throw new InvalidInput({ code: "invalid_encoding", status: 400, detail: "the body is not UTF-8" });
  }
  const scan = scanJson(bytes);
  if (scan.depth > HOPELESS_DEPTH) throw tooDeep(bytes, scan);
  // Millions of items would take seconds to parse, only to be counted.
  if (scan.isBalanced) refuseLargeBatch(leastItems(bytes, scan), maxBatchEvents);
  const value = parseJson(bytes);
  if (Array.isArray(value)) return { bytes, values: value, arrayPointer: "", eventDepth: 2, scan };
  const isEnvelope = isJsonObject(value) && Object.hasOwn(value, "events") && !Object.hasOwn(value, "topic");
  if (!isEnvelope) return { bytes, values: [value], arrayPointer: undefined, eventDepth: 1, scan };
  const faults: Fault[] = Object.keys(value)
    .filter((key) => key !== "events")
    .map((key) => ({ pointer: `/${escapePointer(key)}`, detail: "nothing but `events` may stand here" }));
  if (!Array.isArray(value.events)) faults.unshift({ pointer: "/events", detail: "must be an array of events" });
  if (faults.length > 0) throw invalidEvent(faults, faults.length);
  return { bytes, values: value.events as unknown[], arrayPointer: "/events", eventDepth: 3, scan };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString(isAscii(bytes) ? "latin1" : "utf8"));
  } catch (error) {
    const detail = `the body is not JSON: ${(error as Error).message}`;
    throw new InvalidInput({ code: "malformed_json", status: 400, detail, cause: error });
  }
}

/** How many events a body surely tries to hold, by its commas: of an array, or of an object with one array in it. */
function leastItems(bytes: Buffer, { outerCommas, innerCommas }: JsonScan): number {
  const start = skipSpace(bytes, 0);
  if (bytes[start] === OPEN_BRACKET) return outerCommas + 1;
  const isOneMember = outerCommas === 0 && bytes.toString("latin1", start, start + 40).match(/^\{\s*"events"\s*:\s*\[/);
  return isOneMember ? innerCommas + 1 : 0;
}

function tooDeep(bytes: Buffer, { isBalanced }: JsonScan): InvalidInput {
  if (!isBalanced) return new InvalidInput({ code: "malformed_json", status: 400, detail: "the body is not JSON" });
  const offset = offsetDeeperThan(bytes, HOPELESS_DEPTH);
  const isArray = bytes[skipSpace(bytes, 0)] === OPEN_BRACKET;
  const eventDepth = isArray ? 2 : pointersAt(bytes, [offset], 1)[0] === "/events" ? 3 : 1;
  return invalidEvent(depthFaults(bytes, offset, eventDepth), 1);
}

function depthFaults(bytes: Buffer, offset: number, eventDepth: number): Fault[] {
  const detail = `nests deeper than ${MAX_VALUE_DEPTH} levels`;
  return pointersAt(bytes, [offset], eventDepth).map((pointer) => ({ pointer, detail }));
}

/** Says what is wrong with the events and where, in the words of the zod schema and of the scan. */
function invalidEvents({ bytes, values, arrayPointer, eventDepth, scan }: Body): InvalidInput {
  const faults: Fault[] = [];
  let total = 0;
  const add = (fault: Fault) => {
    total++;
    if (faults.length < MAX_FAULTS) faults.push(fault);
  };
  for (const [index, value] of values.entries()) {
    if (formOfEvent(value) !== "not an event") continue;
    const eventPointer = arrayPointer === undefined ? "" : `${arrayPointer}/${index}`;
    for (const issue of Event.safeParse(value).error?.issues ?? []) {
      const path = issue.path.map((token) => `/${escapePointer(String(token))}`).join("");
      add({ pointer: `${eventPointer}${path}`, detail: issue.message });
    }
  }
  const maxDepth = eventDepth + MAX_VALUE_DEPTH;
  const offsets = scan.faults.map(({ offset }) => offset);
  const pointers = pointersAt(bytes, offsets, maxDepth);
  for (const [index, { reason }] of scan.faults.entries()) add({ pointer: pointers[index] ?? "", detail: reason });
  if (scan.depth > maxDepth) {
    for (const fault of depthFaults(bytes, offsetDeeperThan(bytes, maxDepth), eventDepth)) add(fault);
  }
  return invalidEvent(faults, total);
}

function invalidEvent(faults: Fault[], faultsTotal: number): InvalidInput {
  const [first] = faults;
  const rest = faultsTotal > 1 ? ` (and ${faultsTotal - 1} more)` : "";
  const detail = first ? `${first.pointer || "the body"}: ${first.detail}${rest}` : "an event breaks a rule";
  return new InvalidInput({ code: "invalid_event", status: 422, detail, faults, faultsTotal });
}

/** The events' text, cut out of the body; only those that need it are written anew. */
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

/** Where the array of events stands. Of repeated `events` the last counts, as it did for JSON.parse. */
function arraySpan({ bytes, arrayPointer, scan }: Body): Span {
  if (arrayPointer === "" || scan.outerCommas === 0) {
    return { start: bytes.indexOf("["), end: bytes.lastIndexOf("]") + 1 };
  }
  const array = objectMembers(bytes, skipSpace(bytes, 0)).findLast(({ key }) => key === "events");
  if (array === undefined) throw new Error("the array of events has no text");
  return array;
}

const COMMA = Buffer.from(",");

/** One buffer of all parts with a comma between each two. */
export function joinWithCommas(parts: Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part])));
}
