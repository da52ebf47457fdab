import { isUtf8 } from "node:buffer";
import { CONFLICT, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Redriven } from "./dead-letters.ts";

/** What every store does alike with the data it refuses. */

/** Why the store does not take an event. */
export interface Refusal {
  /** SQLSTATE, SQLite's result code, or one of ours. */
  code: string;
  reason: string;
}

/** The code of a frame none of whose events can be told from the others. */
export const DAMAGED_FRAME = "damaged_frame";

/** What comes of trying such a frame again. */
export const NOTHING_TO_REDRIVE: Refusal = {
  code: DAMAGED_FRAME,
  reason: "a frame that cannot be read holds no event to try",
};

/** What became of an event that was tried again and taken, by its verdict. */
export function takenAs(verdict: Verdicts): Redriven {
  if (verdict === STORED) return { status: "stored" };
  return { status: verdict === CONFLICT ? "conflict" : "duplicate" };
}

/** Events whose topic cannot be read are counted under this one, which no event can have. */
export const UNREAD_TOPIC = "";

/** A dead letter's content for people: base64 unless it is UTF-8. */
export function showContent(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString(isUtf8(buffer) ? "utf8" : "base64");
}

const MIN_OWN_FAULT = 10;

/**
 * Every event of a call refused for the same reason is no fault of so many producers but of this program or its tables.
 *
 * @param refusals why each event refused alone is
 * @param judged how many events of the call were new
 * @throws {Error} then
 */
export function refuseOwnFault(refusals: Refusal[], judged: number): void {
  const [first] = refusals;
  if (first === undefined || refusals.length < MIN_OWN_FAULT || refusals.length < judged) return;
  const { code, reason } = first;
  if (refusals.some((other) => other.code !== code)) return;
  throw new Error(
    `the store refuses every one of ${refusals.length} events with ${code} (${reason}): not the events are at fault`,
  );
}

/** The number that names a dead letter; undefined for what is no id. */
export function readLetterId(id: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
}
