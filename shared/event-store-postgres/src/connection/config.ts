import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import type pg from "pg";

const CONNECT_TIMEOUT_MS = 5_000;
// The server itself usually ends a slow statement. This longer timer of the driver is for a server that disappeared
// silently.
const SILENCE_MS = 5_000;
// A connection without a time limit checks the server by TCP keep-alive. The system would begin that after two hours.
const KEEP_ALIVE_AFTER_MS = 10_000;

export interface ConnectionOptions {
  url: string;
  /** The name that the connection has in `pg_stat_activity`. */
  applicationName: string;
  /** The time limit of a statement; 0 for none. */
  timeoutMs: number;
  /** Further settings of the session, as command-line options of the server. */
  settings?: string;
  /** Cuts the connection, so that a running statement fails. */
  signal?: AbortSignal;
}

/** Returns the settings of every connection: UTC, ISO dates, a time limit, and an end that does not wait. */
export function connectionConfig(options: ConnectionOptions): pg.ClientConfig {
  const { url, applicationName, timeoutMs, settings = "", signal } = options;
  return {
    connectionString: url,
    // `client.end()` of the driver waits until the server closes the connection too, and a frozen server never does.
    // `addAbortSignal` is used, because the socket's own option would keep its listener on the signal indefinitely.
    stream: () => (signal === undefined ? new Socket() : addAbortSignal(signal, new Socket())),
    application_name: applicationName,
    options: `-c timezone=UTC -c datestyle=ISO -c jit=off -c statement_timeout=${timeoutMs} ${settings}`,
    query_timeout: timeoutMs === 0 ? 0 : timeoutMs + SILENCE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
}
