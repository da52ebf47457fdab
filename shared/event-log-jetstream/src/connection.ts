import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
} from "@nats-io/transport-node";
import { type Logger, redactUrl } from "@tidemark/telemetry/logger";
import pRetry, { AbortError } from "p-retry";
import { unreachable } from "./errors.ts";
import { Link } from "./link.ts";

export interface JetstreamConnectionOptions {
  /** `nats://user:password@host:port`, or `nats://token@host:port`; `tls://` for an encrypted one. */
  url: string;
  /** The name of the connection in the server's list, and a part of the subjects for its answers. */
  name: string;
  /** A file of credentials (`.creds`: a JWT and a key), in place of those in the URL. */
  credsFile?: string | undefined;
  /** A file of the authorities that may have signed the server's certificate (PEM). Default: those of the system. */
  caFile?: string | undefined;
  logger: Logger;
}

/**
 * One connection to NATS, shared by everything in a process. It opens in the background and reconnects indefinitely:
 *
 *     opening -> connected <-> lost
 *
 * and `close` ends each of them. While opening, `isConnected` is false, as it is while the connection is lost.
 */
export interface JetstreamConnection {
  /**
   * Resolves when the first connection is made. Rejects when the server refuses the credentials. Stays pending when the
   * connection is closed first.
   */
  readonly opened: Promise<void>;
  /** The client. @throws {Unavailable} `log_unreachable` while the first connection is being made */
  readonly nats: NatsConnection;
  /** Check it before publishing: while it is false, the client would keep a message and send it later or never. */
  readonly isConnected: boolean;
  readonly isClosed: boolean;
  /**
   * The beginning of the subjects for answers. Each service has its own, so that no other service can receive its
   * answers.
   */
  readonly inboxPrefix: string;
  /** Resolves when the connection exists; at once if it exists already. */
  connected(): Promise<void>;
  /** Resolves when the connection is lost; at once while there is none. */
  lost(): Promise<void>;
  /**
   * Returns the outcome of a request, or throws `ConnectionLost` as soon as the connection breaks. The client itself
   * would wait for an answer until its timeout.
   */
  untilLost<Answer>(request: Promise<Answer>): Promise<Answer>;
  /**
   * Sends the last messages before a close. Resolves when the server has them; without a connection at once; when the
   * connection is lost; or after two seconds, because a frozen server does not answer. Never rejects.
   */
  sendLast(send: () => Promise<unknown>): Promise<void>;
  /** Sends the pending messages, then closes. */
  close(): Promise<void>;
}

const CONNECT_DEADLINE_MS = 5_000;
// If a broker disappears without closing the connection (a power failure), the client notices after two of these
// intervals.
const PING_INTERVAL_MS = 5_000;
const RECONNECT_WAIT_MS = 250;
const CLOSE_DEADLINE_MS = 2_000;

/** Returns at once and connects in the background, waiting for a broker that is not there yet. */
export function createJetstreamConnection(options: JetstreamConnectionOptions): JetstreamConnection {
  const { url, logger } = options;
  const closing = new AbortController();
  const link = new Link();
  let client: NatsConnection | undefined;

  const opened = connectWhenUp(options, closing.signal).then((nats) => {
    client = nats;
    link.becomeConnected();
    void followStatus(nats, { link, url: redactUrl(url), logger });
    void nats.closed().then(() => link.becomeLost());
    logger.info({ url: redactUrl(url), server: nats.info?.version }, "connected to NATS");
  });

  async function sendLast(send: () => Promise<unknown>): Promise<void> {
    if (!link.isConnected) return;
    // When the connection breaks, the client may reject before the link is known to be lost.
    const sent = send().catch(() => undefined);
    await Promise.race([sent, link.lost, delay(CLOSE_DEADLINE_MS, undefined, { ref: false })]);
  }

  return {
    opened: opened.catch((error) => {
      if (closing.signal.aborted) return new Promise<never>(() => {});
      throw error;
    }),
    get nats() {
      if (client === undefined) throw unreachable("the log is not connected yet");
      return client;
    },
    inboxPrefix: inboxPrefixOf(options),
    get isConnected() {
      return link.isConnected;
    },
    get isClosed() {
      return closing.signal.aborted || client?.isClosed() === true;
    },
    connected: () => link.connected,
    lost: () => link.lost,
    untilLost: (request) => link.untilLost(request),
    sendLast,
    async close() {
      closing.abort();
      await sendLast(async () => client?.drain());
      await client?.close();
    },
  };
}

function inboxPrefixOf({ name }: Pick<JetstreamConnectionOptions, "name">): string {
  return `_INBOX.${name.replaceAll(/[^\w-]/g, "-")}`;
}

/** Splits the URL into the server's address and the credentials. A user without a password is a token. */
export function readServerUrl(url: string): Pick<ConnectionOptions, "servers" | "tls" | "user" | "pass" | "token"> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const server = { servers: `${hostname}:${port || "4222"}`, ...(protocol === "tls:" ? { tls: {} } : {}) };
  const name = decodeURIComponent(username);
  if (password !== "") return { ...server, user: name, pass: decodeURIComponent(password) };
  return name === "" ? server : { ...server, token: name };
}

/** Resolves when the broker answers. Rejects when it refuses the credentials, or when the signal aborts. */
function connectWhenUp(settings: JetstreamConnectionOptions, signal: AbortSignal): Promise<NatsConnection> {
  const { url, name, credsFile, caFile, logger } = settings;
  const server = readServerUrl(url);
  const options: ConnectionOptions = {
    ...server,
    ...(server.tls && caFile !== undefined ? { tls: { caFile } } : {}),
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
    name,
    inboxPrefix: inboxPrefixOf(settings),
    timeout: CONNECT_DEADLINE_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    // Credentials may be refused temporarily during a rotation, so a running process does not give up.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
  const connectOnce = async () => {
    try {
      const nats = await connect(options);
      if (signal.aborted) await nats.close();
      return nats;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw new AbortError(new Error(`NATS at ${redactUrl(url)} refuses the credentials`, { cause: error }));
    }
  };
  return pRetry(connectOnce, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: RECONNECT_WAIT_MS,
    maxTimeout: CONNECT_DEADLINE_MS,
    signal,
    onFailedAttempt({ error, attemptNumber }) {
      if (attemptNumber === 1) logger.warn({ err: error, url: redactUrl(url) }, "NATS unreachable, retrying");
    },
  });
}

/**
 * Whether the server refuses the credentials. Credentials that arrived too late, because one of the machines was busy, are
 * refused with the same class of error. The protocol has no codes, only these words.
 */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.AuthorizationError && !/authentication timeout/i.test(error.message);
}

interface StatusFollower {
  link: Link;
  url: string;
  logger: Logger;
}

async function followStatus(nats: NatsConnection, { link, url, logger }: StatusFollower): Promise<void> {
  for await (const status of nats.status()) {
    if (status.type === "disconnect" && link.isConnected) {
      link.becomeLost();
      logger.warn({ url }, "lost the connection to NATS");
    } else if (status.type === "reconnect" && !link.isConnected) {
      link.becomeConnected();
      logger.info({ url: status.server }, "connected to NATS again");
    } else if (status.type === "error") {
      logger.error({ err: status.error }, "NATS reported an error");
    }
  }
}
