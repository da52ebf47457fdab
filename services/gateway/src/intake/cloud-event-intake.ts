import { CloudEvent, FIELDS_BY_ATTRIBUTE } from "@tidemark/domain/cloud-event";
import { isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { findCloudEventFaults } from "@tidemark/domain/event-faults";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { scanJson } from "@tidemark/json/scan";
import { MemberNames, readShallow } from "@tidemark/json/shallow";
import { type Member, objectMembers, readString, type Span, skipSpace, valueEnd } from "@tidemark/json/text";
import {
  collectEvents,
  type Intake,
  type IntakeOptions,
  invalidEvents,
  type LocatedEvent,
  MAX_FAULTS,
} from "./intake.ts";
import { scanDocument } from "./json-document.ts";
import { visitEvents } from "./json-intake.ts";
import { isStorableText, isText, mediaTypeOf } from "./media-type.ts";
import { cutMembers, objectText } from "./rewrite-event.ts";
import { type Faults, findFaults, type ValidatedEvent } from "./validate-event.ts";

const TOPIC_POINTER = "/type";
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const SMALL_N = 0x6e;

const NAMES = new MemberNames(Object.keys(CloudEvent.shape));

/** Reads one CloudEvent in JSON. @throws {InvalidInput} as `readIntake`, with pointers into the CloudEvent */
export function readCloudEvent(bytes: Buffer, options: IntakeOptions): Intake {
  scanDocument(bytes);
  const event = validateCloudEvent(bytes, { maxFaults: MAX_FAULTS, receivedAt: receiptTime() });
  return collectEvents([{ event, pointer: "" }], options, TOPIC_POINTER);
}

/** Reads an array of CloudEvents in JSON. @throws {InvalidInput} as `readIntake` */
export function readCloudEventBatch(bytes: Buffer, options: IntakeOptions): Intake {
  scanDocument(bytes);
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== OPEN_BRACKET) {
    throw invalidEvents([{ pointer: "", detail: "must be an array of CloudEvents" }]);
  }
  const events: Span[] = [];
  visitEvents(bytes, start, options.maxBatchEvents, (eventStart) => {
    const end = valueEnd(bytes, eventStart);
    events.push({ start: eventStart, end });
    return end;
  });
  return collectEvents(validateEach(bytes, events), options, TOPIC_POINTER);
}

function* validateEach(bytes: Buffer, events: Span[]): Generator<LocatedEvent> {
  const receivedAt = receiptTime();
  let left = MAX_FAULTS;
  for (const [index, { start, end }] of events.entries()) {
    const event = validateCloudEvent(bytes.subarray(start, end), { maxFaults: Math.max(left, 1), receivedAt });
    if ("faults" in event) left -= event.faults.first.length;
    yield { event, pointer: `/${index}` };
  }
}

function receiptTime(): string {
  return new Date().toISOString();
}

interface ValidationOptions {
  maxFaults: number;
  /** The timestamp of an event without a `time`. */
  receivedAt: string;
}

function validateCloudEvent(text: Buffer, { maxFaults, receivedAt }: ValidationOptions): ValidatedEvent {
  const { value, memberCount } = readShallow(text, skipSpace(text, 0), NAMES);
  const { type: topic, id: eventId } = isJsonObject(value) ? value : {};
  const scan = scanJson(text);
  const faults = findFaults({ text, memberCount, scan, fieldFaults: findCloudEventFaults(value), maxFaults });
  if (faults.total > 0) return { topic, eventId, faults };
  const members = membersOf(text);
  const payload = payloadOf(text, members);
  // Data that is not an object is one level deeper in the payload than in the CloudEvent.
  if (payload !== undefined && scan.depth > MAX_VALUE_DEPTH && scanJson(payload).depth > MAX_VALUE_DEPTH) {
    return { topic, eventId, faults: tooDeepData() };
  }
  return { topic, eventId, text: eventText({ text, members, payload, receivedAt }) };
}

function tooDeepData(): Faults {
  const detail = `nests deeper than ${MAX_VALUE_DEPTH - 1} levels`;
  return { first: [{ pointer: "/data", detail }], total: 1, isMalformed: false };
}

/**
 * Finds the members, and the last one of repeated members. A member that is null counts as absent, except for `data`.
 */
function membersOf(text: Buffer): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const member of objectMembers(text, skipSpace(text, 0))) {
    const { key, start } = member;
    if (text[start] === SMALL_N && key !== "data") members.delete(key);
    else members.set(key, member);
  }
  return members;
}

/** The members that do not become attributes of the event. */
const NOT_ATTRIBUTES = new Set(["specversion", ...Object.keys(FIELDS_BY_ATTRIBUTE), "data", "data_base64"]);

interface EventParts {
  /** The CloudEvent. */
  text: Buffer;
  members: ReadonlyMap<string, Member>;
  payload: Buffer | undefined;
  receivedAt: string;
}

/** Writes the event as a frame holds it. */
function eventText({ text, members, payload, receivedAt }: EventParts): Buffer {
  const fields = new Map<string, Buffer>();
  const time = members.get("time");
  const timestamp = time === undefined ? receivedAt : toUtcMicroseconds(readString(text, time.start, time.end));
  for (const [name, field] of Object.entries(FIELDS_BY_ATTRIBUTE)) {
    const member = members.get(name);
    if (field === "timestamp") fields.set(field, Buffer.from(JSON.stringify(timestamp)));
    else if (member !== undefined) fields.set(field, text.subarray(member.start, member.end));
  }
  if (payload !== undefined) fields.set("payload", payload);
  const attributes = [...members.values()].filter(({ key }) => !NOT_ATTRIBUTES.has(key));
  if (attributes.length > 0) fields.set("attributes", cutMembers(text, attributes));
  if (time === undefined) fields.set("is_timestamp_filled", Buffer.from("true"));
  return objectText(fields);
}

function payloadOf(text: Buffer, members: ReadonlyMap<string, Member>): Buffer | undefined {
  const member = members.get("data") ?? members.get("data_base64");
  if (member === undefined) return undefined;
  const value = text.subarray(member.start, member.end);
  if (member.key === "data") return value[0] === OPEN_BRACE ? value : objectText(new Map([["data", value]]));
  const string = textOfBase64(text, member, members.get("datacontenttype"));
  return string === undefined
    ? objectText(new Map([["data_base64", value]]))
    : objectText(new Map([["data", Buffer.from(JSON.stringify(string))]]));
}

/** Decodes base64 that carries text, which some SDKs write for the data that others, and binary mode, carry as a string. */
function textOfBase64(text: Buffer, data: Member, contentType: Member | undefined): string | undefined {
  if (contentType === undefined) return undefined;
  const mediaType = mediaTypeOf(readString(text, contentType.start, contentType.end));
  if (!isText(mediaType)) return undefined;
  const bytes = Buffer.from(readString(text, data.start, data.end), "base64");
  return isStorableText(bytes) ? bytes.toString() : undefined;
}
