import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findSteadyPort } from "@tidemark/programs/free-port";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import type { Component } from "./deployment.ts";
import { countRunning, findFamily, signalAll } from "./process-table.ts";

export interface DatabaseComponent extends Component {
  readonly port: number;
  readonly url: string;
  readonly version: string;
  /**
   * Makes the database exceed its time limit for events of this source. It must be called once, when the tables exist.
   */
  dawdleOver(source: string): Promise<void>;
  close(): Promise<void>;
}

const RECOVERY_TIMEOUT_MS = 60_000;

/** Starts the PostgreSQL from npm on its own port and data. Faults apply to all of its processes. */
export async function openDatabaseComponent(diskDir: string): Promise<DatabaseComponent> {
  const dataDir = join(diskDir, "data");
  const port = await findSteadyPort();
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, port });
  const version = await prepare(server.url);
  const start = async () => {
    server = await startEmbeddedPostgres({ dataDir, port });
  };
  const find = () => findFamily("postgres", "-D", join(dataDir, "pgdata"));
  const signal = async (name: NodeJS.Signals) => signalAll(await find(), name);
  const kill = async () => {
    const pids = await find();
    if (pids.length === 0) return;
    signalAll(pids, "SIGKILL");
    await server.exited; // the process that guards it ends as well
    await waitFor("every process of PostgreSQL to end", async () => (await countRunning(pids)) === 0);
  };
  return {
    name: "postgres",
    port,
    url: server.url,
    version,
    servicePid: () => undefined,
    start,
    kill,
    stop: kill,
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    // PostgreSQL restarts itself after a failed commit, and ends if the disk has no room for the restart.
    async recover() {
      const isUp = async () => {
        if ((await find()).length === 0) await start();
        return readVersion(server.url);
      };
      await waitFor("PostgreSQL to answer again", isUp, { timeoutMs: RECOVERY_TIMEOUT_MS, intervalMs: 250 });
    },
    dawdleOver: async (source) => void (await ask(server.url, dawdling(source))),
    close: () => server.stop(),
  };
}

/**
 * Returns statements that fail each insert of an event of this source with `query_canceled`, the code of a statement
 * that exceeds its time limit. With the real limit of 60 s, each slow event would take two minutes of a run.
 */
function dawdling(source: string): string {
  return `
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'the time limit, early' USING ERRCODE = 'query_canceled';
    END $$;
    CREATE TRIGGER dawdling BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.source = '${source}')
      EXECUTE FUNCTION dawdle()`;
}

/** Keeps the write-ahead log small, because the disk is small. Returns the version of the server. */
async function prepare(url: string): Promise<string> {
  await ask(url, "ALTER SYSTEM SET min_wal_size = '32MB'");
  await ask(url, "ALTER SYSTEM SET max_wal_size = '64MB'");
  await ask(url, "SELECT pg_reload_conf()");
  return readVersion(url);
}

async function readVersion(url: string): Promise<string> {
  const [row] = await ask<{ server_version: string }>(url, "SHOW server_version");
  return row?.server_version ?? "";
}

async function ask<Row extends pg.QueryResultRow>(connectionString: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
