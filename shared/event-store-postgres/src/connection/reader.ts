import type { Logger } from "@tidemark/telemetry/logger";
import { CompiledQuery, Kysely, PostgresDialect, type PostgresPool } from "kysely";
import pg from "pg";
import { connectionConfig } from "./config.ts";
import { translate } from "./errors.ts";
import { queryAlone } from "./session.ts";

const READ_TIMEOUT_MS = 10_000;

export interface ReaderOptions {
  url: string;
  logger: Logger;
  maxConnections: number;
  /** Cuts all connections. */
  signal: AbortSignal;
}

/**
 * Opens the query builder on a pool of connections. The pool opens connections when they are needed, and replaces lost
 * ones. Each statement is a separate transaction, with the errors of `Session.query`.
 */
export function openReader<Tables>({ url, logger, maxConnections, signal }: ReaderOptions): Kysely<Tables> {
  const config = connectionConfig({ url, applicationName: "tidemark-read", timeoutMs: READ_TIMEOUT_MS, signal });
  const pool = new pg.Pool({ ...config, max: maxConnections });
  // Without a listener, an idle connection that breaks would end the process. The next statement gets a new connection.
  pool.on("error", (error) => logger.warn({ err: error }, "lost an idle database connection"));
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: withOurErrors(pool) }) });
}

function withOurErrors(pool: pg.Pool): PostgresPool {
  const connect = async () => {
    const client = await pool.connect().catch((error: unknown) => {
      throw translate(error);
    });
    return {
      query: (text: string, values: readonly unknown[]) => queryAlone(client, text, [...values]),
      release: (destroy?: boolean) => client.release(destroy),
    };
  };
  return { connect, end: () => pool.end(), options: pool.options } as unknown as PostgresPool;
}

/** Runs a statement that is written in SQL, and returns its first row. */
export async function queryRow<Row>(
  db: Pick<Kysely<unknown>, "executeQuery">,
  text: string,
  parameters: unknown[],
): Promise<Row> {
  const { rows } = await db.executeQuery(CompiledQuery.raw(text, parameters));
  const [row] = rows as Row[];
  if (row === undefined) throw new Error("a statement that always has a row returned none");
  return row;
}
