import { CloudEvent, FIELDS_BY_ATTRIBUTE } from "@tidemark/domain/cloud-event";
import { isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { arrayItems, objectMembers, scanJson, skipSpace } from "@tidemark/json/text";
import {
  collectEvents,
  type Intake,
  type IntakeOptions,
  invalidEvents,
  type LocatedEvent,
  MAX_FAULTS,
} from "./intake.ts";
import { parseDocument } from "./json-document.ts";
import { objectText } from "./rewrite-event.ts";
import { type Faults, findFaults, type SentEvent, type ValidatedEvent } from "./validate-event.ts";

/** Reads one CloudEvent in JSON. @throws {InvalidInput} as `readIntake`, with pointers into the CloudEvent */
export function readCloudEvent(bytes: Buffer, options: IntakeOptions): Intake {
  const { value } = parseDocument(bytes, options.maxBatchEvents);
  const event = validateCloudEvent({ text: bytes, value }, { maxFaults: MAX_FAULTS, receivedAt: receiptTime() });
  return collectEvents([{ event, pointer: "" }], options);
}

/** Reads an array of CloudEvents in JSON. @throws {InvalidInput} as `readIntake` */
export function readCloudEventBatch(bytes: Buffer, options: IntakeOptions): Intake {
  const { value } = parseDocument(bytes, options.maxBatchEvents);
  if (!Array.isArray(value)) throw invalidEvents([{ pointer: "", detail: "must be an array of CloudEvents" }]);
  return collectEvents(validateEach(bytes, value), options);
}

function* validateEach(bytes: Buffer, values: unknown[]): Generator<LocatedEvent> {
  const receivedAt = receiptTime();
  let left = MAX_FAULTS;
  for (const [index, { start, end }] of arrayItems(bytes, skipSpace(bytes, 0)).entries()) {
    const sent = { text: bytes.subarray(start, end), value: values[index] };
    const event = validateCloudEvent(sent, { maxFaults: Math.max(left, 1), receivedAt });
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

function validateCloudEvent({ text, value }: SentEvent, { maxFaults, receivedAt }: ValidationOptions): ValidatedEvent {
  const { type: topic, id: eventId } = isJsonObject(value) ? value : {};
  const faults = findFaults({ text, value, scan: scanJson(text), schema: CloudEvent, maxFaults });
  if (faults.total > 0) return { topic, eventId, faults };
  const members = membersOf(text);
  // Data that is not an object nests one level deeper in its payload than in its CloudEvent.
  if (scanJson(Buffer.from(payloadOf(members) ?? "{}")).depth > MAX_VALUE_DEPTH) {
    return { topic, eventId, faults: tooDeepData() };
  }
  return { topic, eventId, text: eventText(members, receivedAt) };
}

function tooDeepData(): Faults {
  const detail = `nests deeper than ${MAX_VALUE_DEPTH - 1} levels`;
  return { first: [{ pointer: "/data", detail }], total: 1, isMalformed: false };
}

/** Returns the texts of the members. A member that is null counts as absent, except for `data`. */
function membersOf(text: Buffer): Map<string, string> {
  const members = new Map<string, string>();
  for (const { key, start, end } of objectMembers(text, skipSpace(text, 0))) {
    const member = text.toString("utf8", start, end);
    if (member === "null" && key !== "data") members.delete(key);
    else members.set(key, member);
  }
  return members;
}

/** The members that do not become attributes of the event. */
const NOT_ATTRIBUTES = new Set(["specversion", ...Object.keys(FIELDS_BY_ATTRIBUTE), "data", "data_base64"]);

/** Writes the event as a frame holds it, from the members of the CloudEvent. */
function eventText(members: Map<string, string>, receivedAt: string): Buffer {
  const time = members.get("time");
  const timestamp = time === undefined ? receivedAt : toUtcMicroseconds(JSON.parse(time) as string);
  const fields = new Map<string, string>();
  const set = (field: string, text: string | undefined) => {
    if (text !== undefined) fields.set(field, text);
  };
  for (const [name, field] of Object.entries(FIELDS_BY_ATTRIBUTE)) {
    set(field, field === "timestamp" ? JSON.stringify(timestamp) : members.get(name));
  }
  set("payload", payloadOf(members));
  const attributes = new Map([...members].filter(([name]) => !NOT_ATTRIBUTES.has(name)));
  if (attributes.size > 0) set("attributes", objectText(attributes));
  if (time === undefined) set("is_timestamp_filled", "true");
  return Buffer.from(objectText(fields));
}

function payloadOf(members: Map<string, string>): string | undefined {
  const data = members.get("data");
  if (data !== undefined) return data.startsWith("{") ? data : `{"data":${data}}`;
  const base64 = members.get("data_base64");
  return base64 === undefined ? undefined : `{"data_base64":${base64}}`;
}
