import type { Refusal } from "@tidemark/event-store/refusal";
import pg from "pg";
import { type ConnectionOptions, connectionConfig } from "./config.ts";
import { explainMissing, refusalOf, retryingRollbacks, timeRefusalOf, translate } from "./errors.ts";

type Statement = string | pg.QueryConfig;
type Row = pg.QueryResultRow;

/**
 * The seam to PostgreSQL: statements of one connection. Each method throws `InvalidInput` (`invalid_event`), `Unavailable`
 * (`store_unreachable`), or the driver's own error when the statement is wrong.
 */
export class Session {
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  /** Runs a statement as one transaction. Repeats it when the server rolls it back in favour of another transaction. */
  query<Found extends Row>(statement: Statement, values?: unknown[]): Promise<pg.QueryResult<Found>> {
    return queryAlone<Found>(this.#client, statement, values);
  }

  /** Runs work in one transaction. Repeats all of it when the server rolls it back in favour of another transaction. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#transaction("COMMIT", work);
  }

  /** Runs work in a transaction that is rolled back. */
  dryRun<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#transaction("ROLLBACK", work);
  }

  #transaction<Result>(end: "COMMIT" | "ROLLBACK", work: (transaction: Transaction) => Promise<Result>) {
    const transaction = new Transaction(this.#client);
    return retryingRollbacks(async () => {
      try {
        await transaction.query("BEGIN");
        const result = await work(transaction);
        await transaction.query(end);
        return result;
      } catch (error) {
        await this.#client.query("ROLLBACK").catch(() => undefined); // the rollback fails too if the connection is lost, and the first error is the one to report
        throw await explainMissing(this.#client, error);
      }
    });
  }
}

/** Statements of an open transaction. */
export class Transaction {
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  query<Found extends Row>(statement: Statement, values?: unknown[]): Promise<pg.QueryResult<Found>> {
    return queryOnce<Found>(this.#client, statement, values);
  }

  /**
   * Runs statements that are undone if the server refuses their data, or if one takes longer than the limit; the
   * transaction continues either way.
   *
   * @throws {Unavailable} when a statement waits for a lock for half of the limit, because then the data is not at
   * fault
   */
  async attempt<Result>(work: () => Promise<Result>, { limitMs }: { limitMs: number }): Promise<Result | Refusal> {
    const lockLimitMs = Math.ceil(limitMs / 2);
    await this.query(
      `SAVEPOINT attempt; SET LOCAL statement_timeout = ${limitMs}; SET LOCAL lock_timeout = ${lockLimitMs}`,
    );
    try {
      const result = await work();
      await this.query("RELEASE SAVEPOINT attempt");
      return result;
    } catch (error) {
      const refusal = refusalOf(error) ?? timeRefusalOf(error, limitMs);
      if (refusal === undefined) throw error;
      await this.query("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
      return refusal;
    }
  }
}

/** Runs a statement as one transaction. Translates its errors, retries rollbacks, and explains missing tables. */
export function queryAlone<Found extends Row>(client: pg.ClientBase, statement: Statement, values?: unknown[]) {
  return retryingRollbacks(async () => {
    try {
      return await queryOnce<Found>(client, statement, values);
    } catch (error) {
      throw await explainMissing(client, error);
    }
  });
}

async function queryOnce<Found extends Row>(client: pg.ClientBase, statement: Statement, values?: unknown[]) {
  try {
    return await client.query<Found>(statement, values);
  } catch (error) {
    throw translate(error);
  }
}

/** Connects. @throws {Unavailable} `store_unreachable` */
export async function connect(client: pg.Client): Promise<Session> {
  try {
    await client.connect();
    return new Session(client);
  } catch (error) {
    throw translate(error);
  }
}

/** Runs work on a separate connection. @throws {Unavailable} `store_unreachable` */
export async function withSession<Result>(
  options: ConnectionOptions,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connectionConfig(options));
  client.on("error", () => undefined); // a statement that is running then fails
  try {
    return await work(await connect(client));
  } finally {
    await client.end().catch(() => undefined); // an earlier error is more useful than this one
  }
}
