import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../tools/embedded-postgres.ts";
import { findFreePort } from "../../tools/free-port.ts";
import { waitFor } from "../support/wait-for.ts";
import { findFamily, signalAll } from "./process-table.ts";
import type { Part } from "./world.ts";

export interface DatabasePart extends Part {
  readonly port: number;
  readonly url: string;
  readonly version: string;
  close(): Promise<void>;
}

/** The PostgreSQL that npm brought, on a port and data of its own. All of its processes share one fate. */
export async function openDatabasePart(dir: string): Promise<DatabasePart> {
  const dataDir = join(dir, "postgres");
  const port = await findFreePort();
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, port });
  const version = await readVersion(server.url);
  const find = () => findFamily("postgres", "-D", join(dataDir, "pgdata"));
  const signal = async (name: NodeJS.Signals) => signalAll((await find())?.pids ?? [], name);
  const kill = async () => {
    const family = await find();
    if (family === undefined) return;
    // The guard first: it would wait for the end of a server that has ended already.
    signalAll([family.parentPid, ...family.pids], "SIGKILL");
    await server.exited;
  };
  return {
    name: "postgres",
    port,
    url: server.url,
    version,
    servicePid: () => undefined,
    async start() {
      // Right after a kill the shared memory of the old server may still be held by what is left of it.
      server = await waitFor("PostgreSQL to start again", () => startEmbeddedPostgres({ dataDir, port }), {
        timeoutMs: 60_000,
        intervalMs: 250,
      });
    },
    kill,
    stop: kill,
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    close: () => server.stop(),
  };
}

async function readVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  await client.end();
  return rows[0]?.server_version ?? "";
}
