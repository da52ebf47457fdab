/**
 * The part of the HTTP contract that a producer meets, in the contract's own words. Written out here, so that this folder
 * needs nothing but itself; test/client.test.ts holds it equal to the types that the service answers by.
 */

/** An event to be published. What it lacks is an id at most: it gets one before it is sent for the first time. */
export interface NewEvent {
  /** 1 to 255 characters, none of them a control character; so are `event_id` and `source`. */
  topic: string;
  /** Names the event within its topic: the pair is its identity. */
  event_id?: string | undefined;
  /** When it happened: RFC 3339 with a zone. Part of the content: a copy with another one is a conflict. */
  timestamp: string;
  source: string;
  /** A JSON object, at most 64 levels deep. For numbers beyond a double's precision there is `JSON.rawJSON`. */
  payload?: Record<string, unknown> | undefined;
  /** Any other field is kept, and comes back under `attributes`. */
  [attribute: string]: unknown;
}

/** An event with its id, as it is sent at every attempt. */
export type IdentifiedEvent = NewEvent & { event_id: string };

/** What became of the events of a request: the store's own verdicts. */
export interface PublishAnswer {
  received: number;
  /** Stored now, for the first time. */
  accepted: number;
  /** Stored already, or repeated within the request; conflicts included. */
  duplicates: number;
  /** Duplicates whose content differs from what is stored. Absent when there are none. */
  conflicts?: number;
  /** Refused by the store for good. Absent when there are none. */
  dead_lettered?: number;
  /** Taken and durable, not judged yet. */
  pending?: number;
  /** With `lenient`: the events that broke a rule. `received` does not count them. */
  rejected?: Rejection[];
  /** What became of each event, in the order of the request. */
  results?: Result[];
  message: string;
}

export interface Rejection {
  /** Its place among the events of the request, from 0. */
  index: number;
  /** JSON Pointer (RFC 6901) into the body. */
  pointer: string;
  reason: string;
  line?: number;
}

export interface Result {
  topic: string | null;
  event_id: string | null;
  /** `rejected`: it broke a rule, or the store refused it for good (`dead_lettered`). */
  status: "stored" | "duplicate" | "conflict" | "rejected" | "pending";
}

/** Why a request was refused (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable name of what went wrong. */
  code: string;
  /** The first hundred faults of what was sent. */
  errors?: Fault[];
  errors_total?: number;
}

export interface Fault {
  /** JSON Pointer (RFC 6901) into what was sent. */
  pointer: string;
  detail: string;
  line?: number;
}
