import { isUtf8 } from "node:buffer";
import { CONFLICT, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Redriven } from "./dead-letters.ts";

/** The reason for which the store refuses an event. */
export interface Refusal {
  /** SQLSTATE, SQLite's result code, or `damaged_frame`, `invalid_event` or `out_of_time`. */
  code: string;
  reason: string;
}

/** The code of a frame that cannot be split into events. */
export const DAMAGED_FRAME = "damaged_frame";

/** The code of an event that exceeds the store's time limit while the store takes other events quickly. */
export const OUT_OF_TIME = "out_of_time";

/** The outcome of a redrive of a damaged frame. */
export const NOTHING_TO_REDRIVE: Refusal = {
  code: DAMAGED_FRAME,
  reason: "a frame that cannot be read has no event to try",
};

/** Returns the outcome of a redrive that the store accepted, by its verdict. */
export function takenAs(verdict: Verdicts): Redriven {
  if (verdict === STORED) return { status: "stored" };
  return { status: verdict === CONFLICT ? "conflict" : "duplicate" };
}

/** The topic under which events with an unreadable topic are counted. No event can have it. */
export const UNREAD_TOPIC = "";

/** Returns the content of a dead letter as text: base64 unless it is UTF-8. */
export function showContent(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString(isUtf8(buffer) ? "utf8" : "base64");
}

const MIN_SYSTEMIC = 10;

/**
 * Asserts that the refusals of a call are not systemic. If the store refuses all of ten or more events for the same
 * reason, the fault is in this program or its tables, and not in the data of many producers.
 *
 * @param refusals the refusals of single events
 * @param newEvents the number of new events in the call
 * @throws {Error} when they are systemic
 */
export function assertNotSystemic(refusals: Refusal[], newEvents: number): void {
  const [first] = refusals;
  if (first === undefined || refusals.length < MIN_SYSTEMIC || refusals.length < newEvents) return;
  const { code, reason } = first;
  if (refusals.some((other) => other.code !== code)) return;
  throw new Error(
    `the store refuses every one of ${refusals.length} events with ${code} (${reason}): the events are not at fault`,
  );
}

/** Reads the number in the id of a dead letter. Returns undefined for text that is not an id. */
export function readDeadLetterId(id: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
}
