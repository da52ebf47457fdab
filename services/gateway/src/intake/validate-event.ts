import type { CloudEvent } from "@tidemark/domain/cloud-event";
import type { Fault } from "@tidemark/domain/errors";
import { Event, formOfEvent, isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { escapePointer, offsetDeeperThan, pointersAt } from "@tidemark/json/pointer";
import { type JsonScan, scanJson } from "@tidemark/json/text";
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
interface EventName {
  topic: unknown;
  eventId: unknown;
}

/** One event as it was sent: its JSON text and the parsed value. */
export interface SentEvent {
  text: Buffer;
  value: unknown;
}

/** @param maxFaults the number of faults to list; all are counted */
export function validateEvent({ text, value }: SentEvent, maxFaults: number): ValidatedEvent {
  const scan = scanJson(text);
  const form = formOfEvent(value);
  const name = nameOf(value);
  const isValid = form !== "invalid" && scan.faults.length === 0 && scan.depth <= 1 + MAX_VALUE_DEPTH;
  if (isValid) return { ...name, text: form === "rewritten" ? rewriteEvent(text) : text };
  return { ...name, faults: findFaults({ text, value, scan, schema: Event, maxFaults }) };
}

function nameOf(value: unknown): EventName {
  return isJsonObject(value)
    ? { topic: value.topic, eventId: value.event_id }
    : { topic: undefined, eventId: undefined };
}

export interface FaultSearch extends SentEvent {
  scan: JsonScan;
  schema: Pick<typeof Event, "safeParse"> | Pick<typeof CloudEvent, "safeParse">;
  maxFaults: number;
}

/** Finds the faults of an event. Their texts are those of the schema and of the scan. */
export function findFaults({ text, value, scan, schema, maxFaults }: FaultSearch): Faults {
  const issues = schema.safeParse(value).error?.issues ?? [];
  const faults = issues.slice(0, maxFaults).map(({ path, message }): Fault => {
    return { pointer: path.map((token) => `/${escapePointer(String(token))}`).join(""), detail: message };
  });
  const found = scan.faults.slice(0, maxFaults - faults.length);
  const maxDepth = 1 + MAX_VALUE_DEPTH;
  const offsets = found.map(({ offset }) => offset);
  const pointers = pointersAt(text, offsets, maxDepth);
  for (const [index, { reason }] of found.entries()) faults.push({ pointer: pointers[index] ?? "", detail: reason });
  const isTooDeep = scan.depth > maxDepth;
  if (isTooDeep && faults.length < maxFaults) faults.push(...depthFaults(text, offsetDeeperThan(text, maxDepth), 1));
  return { first: faults, total: issues.length + scan.faults.length + Number(isTooDeep), isMalformed: false };
}

export const TOO_DEEP = `nests deeper than ${MAX_VALUE_DEPTH} levels`;

/** @param tokens the maximum number of tokens of the pointer */
export function depthFaults(bytes: Buffer, offset: number, tokens: number): Fault[] {
  return pointersAt(bytes, [offset], tokens).map((pointer) => ({ pointer, detail: TOO_DEEP }));
}
