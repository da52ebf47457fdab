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

// Too few brokers of the cluster run, or have room, for the replicas of the log. Others may still join it.
const NO_SUITABLE_PEERS = new Set([10005]);
const REPLICAS_WITHOUT_CLUSTER = new Set([10074]);

const NO_ROOM =
  "nats-server has no room for a log of this size: lower LOG_MAX_BYTES, or raise max_file_store of the server, or " +
  "max_file of the account";
const NO_CLUSTER =
  "nats-server belongs to no cluster, so the log cannot have several replicas: set LOG_REPLICAS=1, or start the server " +
  "as part of a cluster";
const NO_PEERS =
  "the cluster cannot hold the log, retrying: check that at least LOG_REPLICAS brokers run, each with room for LOG_MAX_BYTES";

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
  return hasCode(error, FULL);
}

/** The log is missing, not ready, or has changed settings. It took nothing. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, ABSENT) || hasCause(error, (cause) => cause instanceof errors.NoRespondersError);
}

/**
 * Returns the sentence that tells an operator why the log cannot be opened yet, although another attempt can succeed.
 *
 * @throws {Error} when waiting cannot help, with the fix where there is one
 */
export function reasonToWait(error: unknown): string {
  if (hasCode(error, OVERSIZED)) throw new Error(NO_ROOM, { cause: error });
  if (hasCode(error, REPLICAS_WITHOUT_CLUSTER)) throw new Error(NO_CLUSTER, { cause: error });
  if (hasCode(error, NO_SUITABLE_PEERS)) return NO_PEERS;
  if (isNotMadeYet(error)) return "log not ready, retrying";
  throw error;
}

/** The stream or its consumer could not be created now. Another attempt can succeed. */
function isNotMadeYet(error: unknown): boolean {
  if (isAbsent(error) || isUndecided(error) || hasCode(error, COULD_NOT_MAKE)) return true;
  return hasCause(error, (cause) => cause instanceof JetStreamApiError && cause.status === SERVICE_UNAVAILABLE);
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

function hasCode(error: unknown, codes: ReadonlySet<number>): boolean {
  return hasCause(error, (cause) => cause instanceof JetStreamApiError && codes.has(cause.code));
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
