import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../tools/embedded-postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { countRunning, findFamily, signalAll } from "./process-table.ts";
import { findSteadyPort } from "./steady-port.ts";
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
  const port = await findSteadyPort();
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, port });
  const version = await readVersion(server.url);
  const find = () => findFamily("postgres", "-D", join(dataDir, "pgdata"));
  const signal = async (name: NodeJS.Signals) => signalAll(await find(), name);
  const kill = async () => {
    const pids = await find();
    if (pids.length === 0) return;
    signalAll(pids, "SIGKILL");
    await server.exited; // its guard sees that, and ends too
    await waitFor("every process of PostgreSQL to be gone", async () => (await countRunning(pids)) === 0);
  };
  return {
    name: "postgres",
    port,
    url: server.url,
    version,
    servicePid: () => undefined,
    async start() {
      server = await startEmbeddedPostgres({ dataDir, port });
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
