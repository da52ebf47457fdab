import { type Fault, InvalidInput } from "@tidemark/domain/errors";
import { isName } from "@tidemark/domain/event";
import type { Rejection } from "@tidemark/http-api/publish-answer";
import { shorten } from "@tidemark/json/shorten";
import { TOPIC_FORBIDDEN, topicForbidden } from "@tidemark/runtime/access/topic-reach";
import type { Faults, ValidatedEvent } from "./validate-event.ts";

/** The valid events of one request, as they go into a frame. */
export interface Intake {
  count: number;
  /** UTF-8 text: the events, separated by commas, without brackets around them. */
  events: Buffer;
  /** All events of the request in their order, including rejected ones. Present if the request asks for them. */
  entries?: IntakeEntry[];
  /** The rejected events. Present if the other events are accepted. */
  rejected?: Rejection[];
}

export interface IntakeEntry {
  /** Null if it is not a valid name. */
  topic: string | null;
  eventId: string | null;
  isRejected: boolean;
}

export interface IntakeOptions {
  maxBatchEvents: number;
  /** Whether valid events are accepted together with invalid ones. Otherwise one invalid event refuses the whole request. */
  isLenient?: boolean;
  /** Whether to return `Intake.entries`. */
  wantsEntries?: boolean;
  /** Returns whether the client may publish to a topic. Absent if it may publish to all topics. */
  mayReach?: (topic: string) => boolean;
}

/** A validated event and its place in the body. */
export interface LocatedEvent {
  event: ValidatedEvent;
  pointer: string;
  /** The line, from 1, if the body consists of lines. */
  line?: number;
}

/** The number of faults that an answer lists; all are counted. */
export const MAX_FAULTS = 100;

/**
 * Collects the valid events of a request.
 *
 * @param topicPointer the pointer to the topic in an event
 * @throws {InvalidInput} 422 (400 if an event is not JSON) with pointers if an event is invalid; if `isLenient`, 422 if
 *   every event is. 403 with pointers if the client does not reach the topic of an event; if `isLenient`, only if it
 *   reaches none of the topics
 */
export function collectEvents(
  located: Iterable<LocatedEvent>,
  { isLenient, wantsEntries, mayReach }: IntakeOptions,
  topicPointer = "/topic",
): Intake {
  const texts: Buffer[] = [];
  const entries: IntakeEntry[] = [];
  const rejected: Rejection[] = [];
  const faults: Fault[] = [];
  const foreign: Fault[] = [];
  let faultsTotal = 0;
  let foreignTotal = 0;
  let isMalformed = false;
  let index = 0;
  for (const { event: validated, pointer, line } of located) {
    const lineField = line === undefined ? {} : { line };
    const isForeign = mayReach !== undefined && isOutside(validated, mayReach);
    const event = isForeign ? { ...validated, faults: foreignTopic(topicPointer) } : validated;
    const isRejected = "faults" in event;
    if (wantsEntries) entries.push(createEntry(event.topic, event.eventId, isRejected));
    if (isRejected) {
      const { first, total, isMalformed: isNotJson } = event.faults;
      const inBody = first.map((fault) => ({
        pointer: shorten(`${pointer}${fault.pointer}`),
        detail: fault.detail,
        ...lineField,
      }));
      for (const fault of inBody) if (faults.length < MAX_FAULTS) faults.push(fault);
      faultsTotal += total;
      if (isForeign && ++foreignTotal <= MAX_FAULTS) foreign.push(...inBody);
      isMalformed ||= isNotJson;
      if (isLenient) rejected.push({ index, ...rejectionOf(inBody, total), ...lineField });
    } else texts.push(event.text);
    index++;
  }
  if (index === 0) throw emptyBatch();
  const isRefused = isLenient ? texts.length === 0 : faultsTotal > 0;
  if (foreignTotal > 0 && (!isLenient || foreignTotal === index)) throw topicForbidden(foreign, foreignTotal);
  if (isRefused)
    throw isMalformed && !isLenient ? malformedEvents(faults, faultsTotal) : invalidEvents(faults, faultsTotal);
  return {
    count: texts.length,
    events: joinWithCommas(texts),
    ...(wantsEntries && { entries }),
    ...(isLenient && { rejected }),
  };
}

function isOutside(event: ValidatedEvent, mayReach: (topic: string) => boolean): boolean {
  return "text" in event && !mayReach(event.topic as string);
}

function foreignTopic(pointer: string): Faults {
  return { first: [{ pointer, detail: TOPIC_FORBIDDEN }], total: 1, isMalformed: false };
}

/** Creates the entry of an event in the results of its request. */
export function createEntry(topic: unknown, eventId: unknown, isRejected: boolean): IntakeEntry {
  return { topic: isName(topic) ? topic : null, eventId: isName(eventId) ? eventId : null, isRejected };
}

function rejectionOf([first]: Fault[], total: number): { pointer: string; reason: string } {
  const { pointer, detail } = first as Fault;
  return { pointer, reason: `${detail}${andMore(total)}` };
}

export function emptyBatch(): InvalidInput {
  return new InvalidInput({ code: "empty_batch", status: 422, detail: "the batch has no events" });
}

/** @throws {InvalidInput} 422 for more events than a request may hold */
export function refuseLargeBatch(count: number, maxBatchEvents: number): void {
  if (count <= maxBatchEvents) return;
  const detail = `the batch has ${count} events, the limit is ${maxBatchEvents}`;
  throw new InvalidInput({ code: "batch_too_large", status: 422, detail });
}

export function invalidEvents(faults: Fault[], faultsTotal = faults.length): InvalidInput {
  return new InvalidInput({
    code: "invalid_event",
    status: 422,
    detail: summary(faults, faultsTotal),
    faults,
    faultsTotal,
  });
}

function malformedEvents(faults: Fault[], faultsTotal: number): InvalidInput {
  return new InvalidInput({
    code: "malformed_json",
    status: 400,
    detail: summary(faults, faultsTotal),
    faults,
    faultsTotal,
  });
}

function summary([first]: Fault[], faultsTotal: number): string {
  if (first === undefined) return "an event breaks a rule";
  const line = first.line === undefined ? "" : `line ${first.line}, `;
  return `${line}${first.pointer || "the body"}: ${first.detail}${andMore(faultsTotal)}`;
}

function andMore(faultsTotal: number): string {
  return faultsTotal > 1 ? ` (and ${faultsTotal - 1} more)` : "";
}

const COMMA = Buffer.from(",");

/** Joins the parts with a comma between each two. */
export function joinWithCommas(parts: Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part])));
}
