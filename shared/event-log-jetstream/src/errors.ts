import { JetStreamApiError, JetStreamError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { Unavailable } from "@tidemark/domain/errors";

// The codes are those of errors.json in nats-server.

export const STREAM_NOT_FOUND = 10059;
export const STREAM_NAME_IN_USE = 10058;
export const CONSUMER_EXISTS = 10148;
export const NOT_UNIQUE_ON_WORK_QUEUE = [10099, 10100] as const;
const DUPLICATE_IN_PROCESS = 10158;

const FULL = new Set([
  10077, // maximum bytes exceeded, or the store could not write
  10167, // too many requests
  10023, // insufficient resources
  10047, // insufficient storage
  10028, // insufficient memory
  10002, // the account's limits
]);

const ABSENT = new Set([
  10008, // the system is not available: no leader of the cluster yet
  10009, // this server cannot handle the request
  10039, // JetStream is not enabled for the account
  10076, // JetStream is not enabled, or not yet
  10118, // the stream is offline
  10194,
  10119, // the consumer is offline
  10195,
  10014, // no such consumer
  10054, // larger than max_msg_size of the stream: its settings were changed
  STREAM_NOT_FOUND,
]);

// The settings do not fit the server, and only an operator can correct them.
const OVERSIZED = new Set([
  10047, // insufficient storage
  10028, // insufficient memory
  10002, // the account's limits
]);

// The server failed to create a stream or a consumer, usually because the disk is full. The settings are not the cause,
// because they are always the same, so another attempt can succeed.
const COULD_NOT_MAKE = new Set([
  10012, // the consumer
  10104, // the consumer's store
  10049, // the stream
  10069, // the stream, with other settings
  10051, // another fault of the stream
  10167, // too many requests
]);

const SERVICE_UNAVAILABLE = 503;
const NOT_FOUND = 404;

export function isApiError(error: unknown, codes: readonly number[]): error is JetStreamApiError {
  return error instanceof JetStreamApiError && codes.includes(error.code);
}

/** The stream has no message at or behind the sequence that was asked for. */
export function isNoMessage(error: unknown): boolean {
  return error instanceof JetStreamError && "code" in error && error.code === NOT_FOUND;
}

/** The broker has no room. It took nothing. */
export function isFull(error: unknown): boolean {
  return hasCause(error, (cause) => cause instanceof JetStreamApiError && FULL.has(cause.code));
}

/** The log is missing, not ready, or has changed settings. It took nothing. */
export function isAbsent(error: unknown): boolean {
  return hasCause(
    error,
    (cause) =>
      cause instanceof errors.NoRespondersError || (cause instanceof JetStreamApiError && ABSENT.has(cause.code)),
  );
}

/** The server has no room for a log of this size. */
export function isOversized(error: unknown): boolean {
  return hasCause(error, (cause) => cause instanceof JetStreamApiError && OVERSIZED.has(cause.code));
}

/** The stream or its consumer could not be created now. Another attempt can succeed. */
export function isNotMadeYet(error: unknown): boolean {
  if (isAbsent(error) || isUndecided(error)) return true;
  return hasCause(
    error,
    (cause) =>
      cause instanceof JetStreamApiError && (COULD_NOT_MAKE.has(cause.code) || cause.status === SERVICE_UNAVAILABLE),
  );
}

/** There was no answer, or it leaves open whether the request was carried out. */
export function isUndecided(error: unknown): boolean {
  if (isAbsent(error)) return false;
  return hasCause(
    error,
    (cause) =>
      cause instanceof errors.TimeoutError ||
      cause instanceof errors.RequestError ||
      cause instanceof errors.ClosedConnectionError ||
      cause instanceof errors.DrainingConnectionError ||
      cause instanceof ConnectionLost ||
      isApiError(cause, [DUPLICATE_IN_PROCESS]),
  );
}

/** The connection was lost before the answer came. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

function hasCause(error: unknown, isIt: (cause: unknown) => boolean): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isIt(cause)) return true;
  }
  return false;
}

export function unreachable(detail: string, cause?: unknown): Unavailable {
  return new Unavailable({ code: "log_unreachable", detail, cause });
}
