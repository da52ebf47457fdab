import { isDeepStrictEqual } from "node:util";
import type { SentEvent } from "../load/sent-event.ts";

/** An event as `GET /events` returns it, with numbers as their digits. */
export interface StoredEvent {
  topic: string;
  event_id: string;
  timestamp: string;
  source: string;
  payload: unknown;
  attributes?: unknown;
}

export interface StoredPage {
  events: StoredEvent[];
  next_cursor?: string;
}

/** A number as it is written. `JSON.parse` alone would round it, on both sides of a comparison. */
class ExactNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

/** Parses JSON without rounding any number. */
export function parseExactly(text: string): unknown {
  const keepDigits: Reviver = (_key, value, { source }) =>
    typeof value === "number" ? new ExactNumber(source as string) : value;
  return JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]);
}

/** Returns whether the stored event equals the sent one, to the last digit. */
export function isAsSent(stored: StoredEvent, sent: SentEvent): boolean {
  return (
    stored.timestamp === sent.timestamp &&
    stored.source === sent.source &&
    isDeepStrictEqual(stored.payload, parseExactly(sent.payload)) &&
    isDeepStrictEqual(stored.attributes, sent.trace === undefined ? undefined : { trace: sent.trace })
  );
}
