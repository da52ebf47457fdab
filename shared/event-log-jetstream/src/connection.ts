import { setTimeout as delay } from "node:timers/promises";
import { type ConnectionOptions, connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { type Logger, redactUrl } from "@tidemark/telemetry/logger";
import pRetry, { AbortError } from "p-retry";
import { ConnectionLost } from "./errors.ts";

export interface JetstreamConnectionOptions {
  /** `nats://user:password@host:port`, or `nats://token@host:port`; `tls://` for an encrypted one. */
  url: string;
  /** Shown among the server's connections. */
  name: string;
  log: Logger;
}

/** One connection to NATS, for everything a process does there. It reconnects for ever. */
export interface JetstreamConnection {
  readonly nats: NatsConnection;
  /** What is published while this is false would be kept by the client and sent later, or never: do not publish then. */
  readonly isConnected: boolean;
  /** Resolves when it is connected; at once when it is. */
  connected(): Promise<void>;
  /** Resolves when the connection is lost; at once when it is. */
  lost(): Promise<void>;
  /**
   * The outcome of a request, or `ConnectionLost` as soon as the connection breaks: the client itself would go on waiting
   * for an answer until its timeout.
   */
  untilLost<Answer>(request: Promise<Answer>): Promise<Answer>;
  /** Sends what is to be sent, then closes. */
  close(): Promise<void>;
}

const CONNECT_DEADLINE_MS = 5_000;
// A broker that is gone without closing the connection (its machine lost power) is noticed after two of these.
const PING_INTERVAL_MS = 5_000;
const RECONNECT_WAIT_MS = 250;
const CLOSE_DEADLINE_MS = 2_000;

/**
 * Connects, waiting for a broker that is not there yet.
 *
 * @throws {Error} when the broker is there and refuses the credentials
 */
export async function connectJetstream({ url, name, log }: JetstreamConnectionOptions): Promise<JetstreamConnection> {
  const options: ConnectionOptions = {
    ...readServerUrl(url),
    name,
    timeout: CONNECT_DEADLINE_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    // Once it runs, credentials that are refused for a while (being rotated) are no reason to give up.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
  const nats = await connectAtLast(options, { url: redactUrl(url), log });
  return watch(nats, { url: redactUrl(url), log });
}

/** Where the server is and what it is shown; a user without a password is a token. */
export function readServerUrl(url: string): Pick<ConnectionOptions, "servers" | "tls" | "user" | "pass" | "token"> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const server = { servers: `${hostname}:${port || "4222"}`, ...(protocol === "tls:" ? { tls: {} } : {}) };
  const name = decodeURIComponent(username);
  if (password !== "") return { ...server, user: name, pass: decodeURIComponent(password) };
  return name === "" ? server : { ...server, token: name };
}

interface Place {
  url: string;
  log: Logger;
}

function connectAtLast(options: ConnectionOptions, { url, log }: Place): Promise<NatsConnection> {
  const tryOnce = () =>
    connect(options).catch((error) => {
      if (error instanceof errors.AuthorizationError) {
        throw new AbortError(new Error(`NATS at ${url} refuses the credentials`, { cause: error }));
      }
      throw error;
    });
  return pRetry(tryOnce, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: RECONNECT_WAIT_MS,
    maxTimeout: CONNECT_DEADLINE_MS,
    onFailedAttempt({ error, attemptNumber }) {
      if (attemptNumber === 1) log.warn({ err: error, url }, "waiting for NATS");
    },
  });
}

function watch(nats: NatsConnection, { url, log }: Place): JetstreamConnection {
  let isConnected = true;
  let connected = Promise.withResolvers<void>();
  let lost = Promise.withResolvers<void>();
  connected.resolve();
  // Not reactions on `lost`: a promise that stays pending for months would keep every one of them.
  const pending = new Set<(error: Error) => void>();

  const becomeLost = () => {
    if (!isConnected) return;
    isConnected = false;
    connected = Promise.withResolvers();
    lost.resolve();
    for (const reject of pending) reject(new ConnectionLost("the connection was lost before the answer came"));
  };
  const becomeConnected = () => {
    if (isConnected) return;
    isConnected = true;
    lost = Promise.withResolvers();
    connected.resolve();
  };

  void (async () => {
    for await (const status of nats.status()) {
      if (status.type === "disconnect" && isConnected) {
        becomeLost();
        log.warn({ url }, "lost the connection to NATS");
      } else if (status.type === "reconnect" && !isConnected) {
        becomeConnected();
        log.info({ url: status.server }, "connected to NATS again");
      } else if (status.type === "error") {
        log.error({ err: status.error }, "NATS reported an error");
      }
    }
  })();
  void nats.closed().then(becomeLost);
  log.info({ url, server: nats.info?.version }, "connected to NATS");

  return {
    nats,
    get isConnected() {
      return isConnected;
    },
    connected: () => connected.promise,
    lost: () => lost.promise,
    untilLost<Answer>(request: Promise<Answer>) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      pending.add(reject);
      request.then(resolve, reject).finally(() => pending.delete(reject));
      return promise;
    },
    async close() {
      // Without a broker a drain would wait for an answer that does not come.
      if (isConnected)
        await Promise.race([nats.drain(), lost.promise, delay(CLOSE_DEADLINE_MS, undefined, { ref: false })]);
      await nats.close();
    },
  };
}
