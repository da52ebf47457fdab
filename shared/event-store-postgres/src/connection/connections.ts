import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pg from "pg";
import { raisePositionBase } from "../read/positions.ts";
import { migratePostgres } from "../schema/migrations.ts";
import { translatingErrors } from "./errors.ts";
import { explainingMissing } from "./missing-tables.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 10_000;
const WRITE_TIMEOUT_MS = 60_000;
// The server gives up first and says so; the client's own timer is for a server that has vanished without a word.
const SILENCE_MS = 5_000;
// Who waits without a time limit asks in between whether the other end is still there; the system's own delay is two hours.
const KEEP_ALIVE_AFTER_MS = 10_000;

interface ConnectionOptions {
  url: string;
  applicationName: string;
  /** How long a statement may take; 0 for ever. */
  timeoutMs: number;
  /** Cuts the connection: whoever waits for an answer on it is told. */
  signal: AbortSignal | undefined;
}

function connectionConfig({ url, applicationName, timeoutMs, signal }: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: url,
    // The driver's own end waits for the server to close, too, which one that is frozen never does.
    // By `addAbortSignal`: a socket's own option would keep its listener on the signal for good.
    stream: () => (signal === undefined ? new Socket() : addAbortSignal(signal, new Socket())),
    application_name: applicationName,
    options: `-c timezone=UTC -c datestyle=ISO -c jit=off -c statement_timeout=${timeoutMs}`,
    query_timeout: timeoutMs === 0 ? 0 : timeoutMs + SILENCE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
}

/** Connections for reading, made when they are needed and replaced when they are lost. */
export function openReadPool({
  url,
  logger,
  maxConnections,
  signal,
}: {
  url: string;
  logger: Logger;
  maxConnections: number;
  /** Cuts all of them. */
  signal: AbortSignal;
}): pg.Pool {
  const config = connectionConfig({ url, applicationName: "tidemark-read", timeoutMs: READ_TIMEOUT_MS, signal });
  const pool = new pg.Pool({ ...config, max: maxConnections });
  // Without a listener an idle connection that breaks would end the process; whoever asks next gets a new one.
  pool.on("error", (error) => logger.warn({ err: error }, "lost an idle database connection"));
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

interface LongConnectionOptions {
  url: string;
  /** Whether the server is to refuse every change. */
  readOnly: boolean;
  /** Cuts the connection. */
  signal?: AbortSignal;
}

/**
 * For what reads whole tables: a connection of its own, without a time limit, and planned as the server likes. A server
 * that works on notices within seconds that nobody waits any more. @throws {Unavailable} `store_unreachable`
 */
export async function withLongConnection<Result>(
  { url, readOnly, signal }: LongConnectionOptions,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const config = connectionConfig({ url, applicationName: "tidemark-audit", timeoutMs: 0, signal });
  const settings = `-c jit=on -c client_connection_check_interval=5s -c default_transaction_read_only=${readOnly}`;
  const client = new pg.Client({ ...config, options: `${config.options} ${settings}` });
  client.on("error", () => undefined); // whoever waits for an answer is told
  try {
    await translatingErrors(() => client.connect());
    return await explainingMissing(
      (query) => client.query(query),
      () => run(client),
    );
  } finally {
    await client.end().catch(() => undefined); // whatever went wrong before says more
  }
}

// Two-part advisory lock: this and the number of the slot.
const SLOT_LOCK = 1_953_064_305;

const TAKE_SLOT = `SELECT slot FROM generate_series(0, 9999) AS slot WHERE pg_try_advisory_lock(${SLOT_LOCK}, slot) LIMIT 1`;

/** A connection that writes, and the slot of the counters that is its own as long as it lives. */
export interface WriteConnection {
  client: pg.Client;
  slot: number;
}

/**
 * A connection that writes. It holds a slot by a session lock, so the URL must lead to the server itself or
 * to a pooler in session mode.
 */
export class Writer {
  readonly #url: string;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  /** Until it has migrated once: connections come and go, the release of a process stays. */
  #mustMigrate: boolean;
  #connection: WriteConnection | undefined;
  /** Settled when all work asked for so far is done. */
  #lastWork: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /** @param options.signal cuts the connection */
  constructor({
    url,
    logger,
    migrates,
    signal,
  }: { url: string; logger: Logger; migrates: boolean; signal: AbortSignal }) {
    this.#url = url;
    this.#logger = logger;
    this.#signal = signal;
    this.#mustMigrate = migrates;
  }

  /**
   * Runs work on the connection, alone: one after the other, so that nobody's statements get into another's transaction.
   *
   * @param substitute runs it where this one gets no connection: a server that is full has none to spare, and those who
   *   have one go on
   * @throws {Unavailable} `store_unreachable`
   */
  run<Result>(work: (connection: WriteConnection) => Promise<Result>, substitute?: Writer): Promise<Result> {
    this.#pending++;
    const result = this.#lastWork.then(() => this.#runNow(work, substitute)).finally(() => this.#pending--);
    this.#lastWork = result.catch(() => undefined); // told to whoever asked for it
    return result;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  async #runNow<Result>(
    work: (connection: WriteConnection) => Promise<Result>,
    substitute: Writer | undefined,
  ): Promise<Result> {
    let connection: WriteConnection;
    try {
      connection = await this.connection();
    } catch (error) {
      if (substitute === undefined || !(error instanceof Unavailable)) throw error;
      return substitute.run(work);
    }
    try {
      return await work(connection);
    } catch (error) {
      // Whatever state the connection is in after this: a new one is in a known state, and has a slot of its own.
      if (error instanceof Unavailable) await this.discard();
      throw error;
    }
  }

  /** @throws {Unavailable} `store_unreachable` */
  async connection(): Promise<WriteConnection> {
    this.#connection ??= await this.#connect();
    return this.#connection;
  }

  /** Closes the connection, whatever state it is in; the next use makes a new one. */
  async discard(): Promise<void> {
    const { client } = this.#connection ?? {};
    this.#connection = undefined;
    await client?.end();
  }

  async #connect(): Promise<WriteConnection> {
    if (this.#mustMigrate) await translatingErrors(() => this.#migrate());
    this.#mustMigrate = false;
    const client = new pg.Client(this.#config({ applicationName: "tidemark-write", timeoutMs: WRITE_TIMEOUT_MS }));
    client.on("error", (error) => {
      if (this.#connection?.client === client) this.#connection = undefined;
      this.#logger.warn({ err: error }, "lost the database connection that writes");
    });
    try {
      const slot = await translatingErrors(() => this.#takeSlot(client));
      if (slot === undefined) throw new Error("every slot of the counters is taken");
      this.#logger.info({ slot }, "connected to the database for writing");
      return { client, slot };
    } catch (error) {
      await client.end().catch(() => undefined); // the first error says what is wrong
      throw error;
    }
  }

  #config(options: Pick<ConnectionOptions, "applicationName" | "timeoutMs">): pg.ClientConfig {
    return connectionConfig({ ...options, url: this.#url, signal: this.#signal });
  }

  /** Connects and takes the lowest free slot, undefined when none is. */
  async #takeSlot(client: pg.Client): Promise<number | undefined> {
    await client.connect();
    if (await raisePositionBase(client)) {
      this.#logger.warn("the database was restored or failed over: positions go on higher up");
    }
    const { rows } = await client.query<{ slot: number }>(TAKE_SLOT);
    return rows[0]?.slot;
  }

  /** On a connection without a time limit: an index takes as long as it takes, and so does waiting for who builds it. */
  async #migrate(): Promise<void> {
    const client = new pg.Client(this.#config({ applicationName: "tidemark-migrate", timeoutMs: 0 }));
    client.on("error", (error) => this.#logger.warn({ err: error }, "lost the database connection that migrates"));
    try {
      await client.connect();
      const migrations = await migratePostgres(client);
      if (migrations.length > 0) this.#logger.info({ migrations }, "migrated the database");
    } finally {
      await client.end().catch(() => undefined); // whatever went wrong before says more
    }
  }
}
