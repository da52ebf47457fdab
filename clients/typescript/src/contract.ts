/**
 * The part of the HTTP contract that a producer needs, with the names of the contract. It is repeated here, so that
 * this package has no dependency. A test in test/services compares it with the types of the service.
 */

/** An event to publish. An event without an id gets one before the first attempt. */
export interface NewEvent {
  /** 1 to 255 characters without control characters, like `event_id` and `source`. */
  topic: string;
  /** The name of the event within its topic. Topic and id together are its identity. */
  event_id?: string | undefined;
  /** The time of the event: RFC 3339 with a zone. It is part of the content: a duplicate with another time is a conflict. */
  timestamp: string;
  source: string;
  /** A JSON object, at most 64 levels deep. `JSON.rawJSON` writes numbers beyond the precision of a double. */
  payload?: Record<string, unknown> | undefined;
  /** Any other field is stored, and returned under `attributes`. */
  [attribute: string]: unknown;
}

/** An event with its id, as it is sent at every attempt. */
export type IdentifiedEvent = NewEvent & { event_id: string };

/** The counts of the verdicts on the events of a request. */
export interface PublishAnswer {
  received: number;
  /** Stored now, for the first time. */
  accepted: number;
  /** Stored already, or repeated within the request; conflicts included. */
  duplicates: number;
  /** Duplicates whose content differs from the stored event. Absent if there are none. */
  conflicts?: number;
  /** Refused by the store permanently. Absent if there are none. */
  dead_lettered?: number;
  /** Durable, without a verdict yet. */
  pending?: number;
  /** With `lenient`: the invalid events. `received` does not count them. */
  rejected?: Rejection[];
  /** The outcome of each event, in the order of the request. */
  results?: Result[];
  message: string;
}

export interface Rejection {
  /** The position among the events of the request, from 0. */
  index: number;
  /** A JSON Pointer (RFC 6901) into the body. */
  pointer: string;
  reason: string;
  line?: number;
}

export interface Result {
  topic: string | null;
  event_id: string | null;
  /** `rejected`: the event is invalid, or the store refused it permanently (`dead_lettered`). */
  status: "stored" | "duplicate" | "conflict" | "rejected" | "pending";
}

/** The reason why a request was refused (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The stable name of the problem. */
  code: string;
  /** The first hundred faults of the request. */
  errors?: Fault[];
  errors_total?: number;
}

export interface Fault {
  /** A JSON Pointer (RFC 6901) into the body. */
  pointer: string;
  detail: string;
  line?: number;
}
