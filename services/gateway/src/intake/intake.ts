import { type Fault, InvalidInput } from "@tidemark/domain/errors";
import { isName } from "@tidemark/domain/event";
import type { Rejection } from "@tidemark/http-api/publish-answer";
import type { Judgement } from "./validate-event.ts";

/** The events of one request, checked: what goes into a frame. */
export interface Intake {
  count: number;
  /** UTF-8 text: the events, separated by commas, without brackets around them. */
  events: Buffer;
  /** What the events of the request are called, in order, those refused included. There where they were asked for. */
  entries?: IntakeEntry[];
  /** The events that were refused. There where the others go through all the same. */
  rejected?: Rejection[];
}

export interface IntakeEntry {
  /** Null where it is not one. */
  topic: string | null;
  eventId: string | null;
  isRejected: boolean;
}

export interface IntakeOptions {
  maxBatchEvents: number;
  /** Whether good events go through where others are bad; otherwise one bad event refuses the whole request. */
  isLenient?: boolean;
  /** Whether `Intake.entries` are wanted. */
  wantsEntries?: boolean;
}

/** An event judged, and where in the body it stands. */
export interface PlacedJudgement {
  judgement: Judgement;
  pointer: string;
  line?: number;
}

/** How many faults are listed; all are counted. */
export const MAX_FAULTS = 100;

/**
 * Puts the good events of a request together.
 *
 * @throws {InvalidInput} 422 (400 where one is no JSON) with pointers when one is bad, or, leniently, when none is good
 */
export function gatherEvents(judged: Iterable<PlacedJudgement>, { isLenient, wantsEntries }: IntakeOptions): Intake {
  const texts: Buffer[] = [];
  const entries: IntakeEntry[] = [];
  const rejected: Rejection[] = [];
  const faults: Fault[] = [];
  let faultsTotal = 0;
  let isMalformed = false;
  let index = 0;
  for (const { judgement, pointer, line } of judged) {
    const place = line === undefined ? {} : { line };
    const isRejected = "faults" in judgement;
    if (wantsEntries) entries.push(createEntry(judgement.topic, judgement.eventId, isRejected));
    if (isRejected) {
      const { first, total, isMalformed: isNoJson } = judgement.faults;
      const placed = first.map((fault) => ({ pointer: `${pointer}${fault.pointer}`, detail: fault.detail, ...place }));
      for (const fault of placed) if (faults.length < MAX_FAULTS) faults.push(fault);
      faultsTotal += total;
      isMalformed ||= isNoJson;
      if (isLenient) rejected.push({ index, ...worded(placed, total), ...place });
    } else texts.push(judgement.text);
    index++;
  }
  if (index === 0) throw emptyBatch();
  const isRefused = isLenient ? texts.length === 0 : faultsTotal > 0;
  if (isRefused)
    throw isMalformed && !isLenient ? malformedEvents(faults, faultsTotal) : invalidEvents(faults, faultsTotal);
  return {
    count: texts.length,
    events: joinWithCommas(texts),
    ...(wantsEntries && { entries }),
    ...(isLenient && { rejected }),
  };
}

/** An event's place in the results of its request. */
export function createEntry(topic: unknown, eventId: unknown, isRejected: boolean): IntakeEntry {
  return { topic: isName(topic) ? topic : null, eventId: isName(eventId) ? eventId : null, isRejected };
}

function worded([first]: Fault[], total: number): { pointer: string; reason: string } {
  const { pointer, detail } = first as Fault;
  return { pointer, reason: `${detail}${andMore(total)}` };
}

export function emptyBatch(): InvalidInput {
  return new InvalidInput({ code: "empty_batch", status: 422, detail: "the batch holds no event" });
}

/** @throws {InvalidInput} 422 for more events than a request may hold */
export function refuseLargeBatch(count: number, maxBatchEvents: number): void {
  if (count <= maxBatchEvents) return;
  const detail = `the batch holds ${count} events, the limit is ${maxBatchEvents}`;
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

/** One buffer of all parts with a comma between each two. */
export function joinWithCommas(parts: Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part])));
}
