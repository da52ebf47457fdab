import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { type ServiceProcess, startService } from "@tidemark/programs/service-process";

export type Shape = "single" | "stack";

/** A running deployment that the cases are sent to. */
export interface Target {
  publishUrl: string;
  readUrl: string;
  /** The ids of its processes. The first one serves `/publish`. */
  pids: number[];
  /** The id of the database server, whose children work for it. */
  databasePid?: number;
  close(): Promise<void>;
}

/** Starts a deployment from the checkout at `root`, with its own broker and database. */
export async function openTarget(shape: Shape, root: string): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), "tidemark-hostile-"));
  await chmod(dir, 0o755); // as root the database runs as another user
  return shape === "single" ? openSingle(root, dir) : openStack(root, dir);
}

async function openSingle(root: string, dir: string): Promise<Target> {
  const single = await startReady(root, "single", { DATABASE_PATH: join(dir, "tidemark.db") });
  return {
    publishUrl: single.url,
    readUrl: single.url,
    pids: [single.pid as number],
    close: async () => {
      await single.end("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function openStack(root: string, dir: string): Promise<Target> {
  const binary = await findNatsServer();
  const broker = await startNatsServer({ binary, dataDir: join(dir, "nats"), isTemporary: true });
  const database = await startEmbeddedPostgres({ dataDir: join(dir, "postgres"), isTemporary: true });
  const environment = {
    NATS_URL: broker.url,
    DATABASE_URL: database.url,
    LOG_MAX_BYTES: "256000000",
    SIGNING_KEY: "a key that signs receipts and cursors of this run",
  };
  const consumer = await startReady(root, "consumer", environment);
  const [gateway, query] = [
    await startReady(root, "gateway", environment),
    await startReady(root, "query", environment),
  ];
  const [databasePid] = (await readFile(join(dir, "postgres/pgdata/postmaster.pid"), "utf8")).split("\n");
  const services = [gateway, consumer, query];
  return {
    publishUrl: gateway.url,
    readUrl: query.url,
    pids: services.map(({ pid }) => pid as number),
    databasePid: Number(databasePid),
    close: async () => {
      await Promise.all(services.map((service) => service.end("SIGKILL")));
      await broker.stop();
      await database.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startReady(root: string, service: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const main = new URL(`services/${service}/src/main.ts`, pathToFileURL(`${root}/`));
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const started = await startService({ service, main, environment: { ...process.env, ...environment }, output });
  await started.ready();
  return started;
}
