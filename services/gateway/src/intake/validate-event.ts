import type { Fault } from "@tidemark/domain/errors";
import {
  EVENT_FIELDS,
  type EventForm,
  formOfEvent,
  isJsonObject,
  MAX_EVENT_MEMBERS,
  MAX_VALUE_DEPTH,
} from "@tidemark/domain/event";
import { findEventFaults } from "@tidemark/domain/event-faults";
import { offsetDeeperThan, pointersAt } from "@tidemark/json/pointer";
import { type JsonScan, scanJson } from "@tidemark/json/scan";
import { MemberNames, readShallow, type ShallowValue } from "@tidemark/json/shallow";
import { type Span, skipSpace } from "@tidemark/json/text";
import { rewriteEvent } from "./rewrite-event.ts";

/** The faults of one event, with pointers into its own text. */
export interface Faults {
  /** The first faults, at most as many as the caller asked for. */
  first: Fault[];
  total: number;
  /** Whether its text is not JSON. */
  isMalformed: boolean;
}

/** One event of a request after validation: its text as a frame holds it, or its faults. */
export type ValidatedEvent = EventName & ({ text: Buffer } | { faults: Faults });

/** The identity of an event as it was sent. The values may be of any type. */
export interface EventName {
  topic: unknown;
  eventId: unknown;
}

const FIELD_NAMES = new MemberNames(EVENT_FIELDS);

/** An event without the values inside its payload and attributes, and whether it follows the rules of its fields. */
export interface EventOutline extends EventName, Span {
  form: EventForm;
  value: unknown;
  memberCount: number;
}

/** Reads the event that begins at `start`. The text must be JSON. */
export function outlineEvent(bytes: Buffer, start: number): EventOutline {
  const { value, memberCount, hasOthers, end } = readShallow(bytes, start, FIELD_NAMES);
  const form = memberCount > MAX_EVENT_MEMBERS ? "invalid" : formOfEvent(value, hasOthers);
  const { topic, event_id: eventId } = isJsonObject(value) ? value : {};
  return { form, topic, eventId, value, memberCount, start, end };
}

/**
 * Validates the text of one event, which must be JSON.
 *
 * @param maxFaults the number of faults to list; all are counted
 */
export function validateEvent(text: Buffer, maxFaults: number, scan = scanJson(text)): ValidatedEvent {
  const { form, topic, eventId, value, memberCount } = outlineEvent(text, skipSpace(text, 0));
  const isValid = form !== "invalid" && scan.faultCount === 0 && scan.depth <= 1 + MAX_VALUE_DEPTH;
  if (isValid) return { topic, eventId, text: form === "rewritten" ? rewriteEvent(text) : text };
  const fieldFaults = findEventFaults(value);
  return { topic, eventId, faults: findFaults({ text, memberCount, scan, fieldFaults, maxFaults }) };
}

export interface FaultSearch extends Pick<ShallowValue, "memberCount"> {
  text: Buffer;
  scan: JsonScan;
  fieldFaults: readonly Fault[];
  maxFaults: number;
}

/** Finds the faults of an event: those of its fields, and those of the scan. */
export function findFaults({ text, memberCount, scan, fieldFaults, maxFaults }: FaultSearch): Faults {
  const faults = [...fieldFaults];
  const hasTooMany = memberCount > MAX_EVENT_MEMBERS;
  if (hasTooMany) faults.push({ pointer: "", detail: `has ${memberCount} members, the limit is ${MAX_EVENT_MEMBERS}` });
  const maxDepth = 1 + MAX_VALUE_DEPTH;
  const isTooDeep = scan.depth > maxDepth;
  const total = faults.length + scan.faultCount + Number(isTooDeep);
  const found = scan.faults.slice(0, Math.max(maxFaults - faults.length, 0));
  const offsets = found.map(({ offset }) => offset);
  const pointers = pointersAt(text, offsets, maxDepth);
  for (const [index, { reason }] of found.entries()) faults.push({ pointer: pointers[index] ?? "", detail: reason });
  if (isTooDeep && faults.length < maxFaults) faults.push(...depthFaults(text, maxDepth));
  return { first: faults.slice(0, maxFaults), total, isMalformed: false };
}

export const TOO_DEEP = `nests deeper than ${MAX_VALUE_DEPTH} levels`;

function depthFaults(text: Buffer, maxDepth: number): Fault[] {
  const pointers = pointersAt(text, [offsetDeeperThan(text, maxDepth)], 1);
  return pointers.map((pointer) => ({ pointer, detail: TOO_DEEP }));
}
