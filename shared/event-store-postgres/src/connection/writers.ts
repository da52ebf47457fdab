import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pg from "pg";
import { connectionConfig } from "./config.ts";
import { connect, type Session } from "./session.ts";

interface WriterOptions {
  url: string;
  logger: Logger;
  /** The time limit of a statement. */
  timeoutMs: number;
  /** Prepares each new connection, before its first use. */
  prepare: (session: Session) => Promise<void>;
  /** Cuts the connections. */
  signal: AbortSignal;
}

/** Connections that write, and as many transactions at a time. The methods are those of `Session`. */
export class Writers {
  /** The time limit of a statement. */
  readonly timeoutMs: number;
  readonly #writers: [Writer, ...Writer[]];

  constructor({ count, ...options }: WriterOptions & { count: number }) {
    const others = Array.from({ length: count - 1 }, () => new Writer(options));
    this.#writers = [new Writer(options), ...others];
    this.timeoutMs = options.timeoutMs;
  }

  /** Opens the first connection. The others are opened when they are needed. @throws {Unavailable} `store_unreachable` */
  async connect(): Promise<void> {
    await this.#writers[0].connect();
  }

  query: Session["query"] = (...statement) => this.#run((session) => session.query(...statement));

  transaction: Session["transaction"] = (work) => this.#run((session) => session.transaction(work));

  dryRun: Session["dryRun"] = (work) => this.#run((session) => session.dryRun(work));

  #run<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const [first] = this.#writers;
    const writer = this.#writers.find(({ isIdle }) => isIdle) ?? first;
    return writer.run(work, writer === first ? undefined : first);
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.disconnect()));
  }
}

/** One connection that writes. It is opened when it is needed, and replaced when it is lost. */
class Writer {
  readonly #options: WriterOptions;
  #client: pg.Client | undefined;
  #session: Session | undefined;
  /** Settles when all work up to now is done. */
  #lastWork: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Runs work after all earlier work, so that no statement enters the transaction of other work.
   *
   * @param substitute runs the work if this writer gets no connection, because a server may have no free connection
   * while other writers have one
   */
  run<Result>(work: (session: Session) => Promise<Result>, substitute?: Writer): Promise<Result> {
    this.#pending++;
    const result = this.#lastWork.then(() => this.#runNow(work, substitute)).finally(() => this.#pending--);
    this.#lastWork = result.catch(() => undefined); // the caller gets the error
    return result;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  async #runNow<Result>(work: (session: Session) => Promise<Result>, substitute?: Writer): Promise<Result> {
    let session: Session;
    try {
      session = await this.connect();
    } catch (error) {
      if (substitute === undefined || !(error instanceof Unavailable)) throw error;
      return substitute.run(work);
    }
    try {
      return await work(session);
    } catch (error) {
      // The state of the connection is unknown after this error, so the next use opens a new one.
      if (error instanceof Unavailable) await this.disconnect();
      throw error;
    }
  }

  async connect(): Promise<Session> {
    this.#session ??= await this.#connect();
    return this.#session;
  }

  /** Closes the connection in any state. The next use opens a new one. */
  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#session = undefined;
    await client?.end();
  }

  async #connect(): Promise<Session> {
    const { url, logger, timeoutMs, prepare, signal } = this.#options;
    const config = connectionConfig({ url, applicationName: "tidemark-write", timeoutMs, signal });
    const client = new pg.Client(config);
    client.on("error", (error) => {
      if (this.#client === client) this.#client = this.#session = undefined;
      logger.warn({ err: error }, "lost the database connection that writes");
    });
    try {
      const session = await connect(client);
      await prepare(session);
      this.#client = client;
      return session;
    } catch (error) {
      await client.end().catch(() => undefined); // the first error is the one to report
      throw error;
    }
  }
}
