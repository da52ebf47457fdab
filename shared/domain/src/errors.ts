/**
 * The errors that code throws on purpose. Any other error is our own bug: 500 for a client, a crash or a retry for a
 * delivery.
 */

/** One fault of the caller's data: a JSON Pointer (RFC 6901) into the body or the query, and a description. */
export interface Fault {
  pointer: string;
  detail: string;
  /** The line, from 1, if the body consists of lines. */
  line?: number;
}

/** The stable names of errors: the `code` of a problem. */
export type InvalidInputCode =
  | "malformed_json"
  | "invalid_encoding"
  | "malformed_encoding"
  | "invalid_event"
  | "empty_batch"
  | "dead_lettered"
  | "batch_too_large"
  | "body_too_large"
  | "expansion_too_large"
  | "unsupported_media_type"
  | "unsupported_encoding"
  | "invalid_body"
  | "invalid_parameter"
  | "invalid_cursor"
  | "not_found"
  | "subscription_differs"
  | "too_many_subscriptions"
  | "method_not_allowed"
  | "not_implemented"
  | "unknown_host"
  | "cross_site"
  | "key_missing"
  | "key_invalid"
  | "key_expired"
  | "scope_missing"
  | "topic_forbidden"
  | "bad_request";

/**
 * The seconds after which another attempt may succeed. A tenth of a log of 1 GiB drains in about 5 s, the queue of one
 * process within 1 s, and a server is restarted in about 2 s.
 */
const RETRY_AFTER_SECONDS = {
  log_full: 5,
  queue_full: 1,
  log_unreachable: 2,
  store_unreachable: 2,
  outcome_unknown: 1,
  overloaded: 1,
  not_ready: 1,
};

export type UnavailableCode = keyof typeof RETRY_AFTER_SECONDS;

export interface InvalidInputOptions {
  code: InvalidInputCode;
  status: number;
  detail: string;
  /** The first faults; there may be more, see `faultsTotal`. */
  faults?: Fault[];
  faultsTotal?: number;
  cause?: unknown;
}

/** The caller's data is wrong: a 4xx for a client, a dead letter for a delivered event. Retrying does not help. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";
  readonly code: InvalidInputCode;
  readonly status: number;
  readonly faults: Fault[];
  readonly faultsTotal: number;

  constructor({ code, status, detail, faults = [], faultsTotal = faults.length, cause }: InvalidInputOptions) {
    super(detail, { cause });
    this.code = code;
    this.status = status;
    this.faults = faults;
    this.faultsTotal = faultsTotal;
  }
}

export interface UnavailableOptions {
  code: UnavailableCode;
  detail: string;
  /** Default: the seconds that are usual for this code. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** A dependency is down, full or slow: 503 with `Retry-After` for a client, a retry for a delivery. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  readonly code: UnavailableCode;
  readonly retryAfterSeconds: number;

  constructor({ code, detail, retryAfterSeconds = RETRY_AFTER_SECONDS[code], cause }: UnavailableOptions) {
    super(detail, { cause });
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The codes of the limits for each client. */
export type LimitCode =
  | "rate_limited"
  | "too_many_answers"
  | "too_many_lists"
  | "too_many_exports"
  | "too_many_streams";

export interface LimitExceededOptions {
  code: LimitCode;
  detail: string;
  /** Default: the seconds after which one of the client's own requests has usually ended. */
  retryAfterSeconds?: number;
}

/** One client asks for more than its share: 429 with `Retry-After`. Other clients are not affected. */
export class LimitExceeded extends Error {
  override readonly name = "LimitExceeded";
  readonly code: LimitCode;
  readonly retryAfterSeconds: number;

  constructor({ code, detail, retryAfterSeconds = 5 }: LimitExceededOptions) {
    super(detail);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
