import type { CloudEvent } from "@tidemark/domain/cloud-event";
import type { Fault } from "@tidemark/domain/errors";
import { Event, formOfEvent, isJsonObject, MAX_VALUE_DEPTH } from "@tidemark/domain/event";
import { escapePointer, offsetDeeperThan, pointersAt } from "@tidemark/json/pointer";
import { type JsonScan, scanJson } from "@tidemark/json/text";
import { rewriteEvent } from "./rewrite-event.ts";

/** What is wrong with one event: pointers into its own text. */
export interface Faults {
  /** The first, as many as were asked for. */
  first: Fault[];
  total: number;
  /** Whether its text is no JSON at all. */
  isMalformed: boolean;
}

/** One event of a request, judged at the door: its text as a frame holds it, or what is wrong with it. */
export type Judgement = (Named & { text: Buffer }) | (Named & { faults: Faults });

/** What it calls itself, as far as that can be read. */
interface Named {
  topic: unknown;
  eventId: unknown;
}

/** One event as it was sent: JSON text, and the value in it. */
export interface SentEvent {
  text: Buffer;
  value: unknown;
}

/** @param maxFaults how many faults to point at; all are counted */
export function judgeEvent({ text, value }: SentEvent, maxFaults: number): Judgement {
  const scan = scanJson(text);
  const form = formOfEvent(value);
  const name = nameOf(value);
  const isGood = form !== "not an event" && scan.faults.length === 0 && scan.depth <= 1 + MAX_VALUE_DEPTH;
  if (isGood) return { ...name, text: form === "rewritten" ? rewriteEvent(text) : text };
  return { ...name, faults: findFaults({ text, value, scan, schema: Event, maxFaults }) };
}

function nameOf(value: unknown): Named {
  return isJsonObject(value)
    ? { topic: value.topic, eventId: value.event_id }
    : { topic: undefined, eventId: undefined };
}

export interface FaultSearch extends SentEvent {
  scan: JsonScan;
  schema: Pick<typeof Event, "safeParse"> | Pick<typeof CloudEvent, "safeParse">;
  maxFaults: number;
}

/** Says what is wrong with an event and where, in the words of its schema and of the scan. */
export function findFaults({ text, value, scan, schema, maxFaults }: FaultSearch): Faults {
  const issues = schema.safeParse(value).error?.issues ?? [];
  const first = issues.slice(0, maxFaults).map(({ path, message }): Fault => {
    return { pointer: path.map((token) => `/${escapePointer(String(token))}`).join(""), detail: message };
  });
  const found = scan.faults.slice(0, maxFaults - first.length);
  const maxDepth = 1 + MAX_VALUE_DEPTH;
  const offsets = found.map(({ offset }) => offset);
  const pointers = pointersAt(text, offsets, maxDepth);
  for (const [index, { reason }] of found.entries()) first.push({ pointer: pointers[index] ?? "", detail: reason });
  const isTooDeep = scan.depth > maxDepth;
  if (isTooDeep && first.length < maxFaults) first.push(...depthFaults(text, offsetDeeperThan(text, maxDepth), 1));
  return { first, total: issues.length + scan.faults.length + Number(isTooDeep), isMalformed: false };
}

export const TOO_DEEP = `nests deeper than ${MAX_VALUE_DEPTH} levels`;

/** @param tokens how many tokens the pointer has at most */
export function depthFaults(bytes: Buffer, offset: number, tokens: number): Fault[] {
  return pointersAt(bytes, [offset], tokens).map((pointer) => ({ pointer, detail: TOO_DEEP }));
}
