import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import type pg from "pg";

const CONNECT_TIMEOUT_MS = 5_000;
// The server ends a slow statement first and says so. The driver's own timer is for a server that has vanished silently.
const SILENCE_MS = 5_000;
// A connection without a time limit asks whether the server is still there. The default delay of the system is two hours.
const KEEP_ALIVE_AFTER_MS = 10_000;

export interface ConnectionOptions {
  url: string;
  /** The name that the connection has in `pg_stat_activity`. */
  applicationName: string;
  /** The time limit of a statement; 0 for none. */
  timeoutMs: number;
  /** Further settings of the session, as command-line options of the server. */
  settings?: string;
  /** Cuts the connection: a statement that waits for its answer fails. */
  signal?: AbortSignal;
}

/** Returns what every connection has in common: UTC, ISO dates, a time limit, and an end that does not wait. */
export function connectionConfig(options: ConnectionOptions): pg.ClientConfig {
  const { url, applicationName, timeoutMs, settings = "", signal } = options;
  return {
    connectionString: url,
    // `client.end()` of the driver waits until the server closes, too, which a frozen server never does.
    // By `addAbortSignal`, because the socket's own option would keep its listener on the signal indefinitely.
    stream: () => (signal === undefined ? new Socket() : addAbortSignal(signal, new Socket())),
    application_name: applicationName,
    options: `-c timezone=UTC -c datestyle=ISO -c jit=off -c statement_timeout=${timeoutMs} ${settings}`,
    query_timeout: timeoutMs === 0 ? 0 : timeoutMs + SILENCE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
}
