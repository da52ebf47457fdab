import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findFreePort } from "@tidemark/programs/free-port";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { type ServiceProcess, startService } from "@tidemark/programs/service-process";
import type { Product } from "./product.ts";

export interface StartOptions {
  dataDir: string;
  profileDir?: string | undefined;
  gateways?: number;
  consumers?: number;
}

export interface Stack extends Product {
  databaseUrl: string;
}

/** Starts single like `npm start`, with a file in the folder. */
export async function startSingle({ dataDir, profileDir }: StartOptions): Promise<Product> {
  await mkdir(dataDir, { recursive: true });
  const environment = { ...process.env, DATABASE_PATH: databasePath(dataDir) };
  const single = await startReady("single", { environment, dataDir, profileDir });
  return { shape: "single", publishUrls: [single.url], readUrl: single.url, stop: () => single.stop() };
}

export function databasePath(dataDir: string): string {
  return join(dataDir, "tidemark.db");
}

/**
 * Starts the stack on local programs like `npm run stack`, but without its edge, because deployments use nginx as their
 * edge. Requests go directly to the gateways.
 */
export async function startStack(options: StartOptions): Promise<Stack> {
  const { dataDir, profileDir, gateways = 1, consumers = 1 } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o755 }); // PostgreSQL may run as another user
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres") });
    stops.push(postgres.stop);
    const nats = await startNatsServer({ binary: await findNatsServer(), dataDir: join(dataDir, "nats") });
    stops.push(nats.stop);
    const environment = {
      ...process.env,
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      NATS_MONITOR_URL: nats.monitorUrl,
      SIGNING_KEY: "the signing key of the benchmark for cursors",
    };
    const start = async (service: string): Promise<ServiceProcess> => {
      const started = await startReady(service, { environment, dataDir, profileDir });
      stops.push(() => started.stop());
      return started;
    };
    for (let count = 0; count < consumers; count++) await start("consumer"); // the first one creates the tables
    const query = await start("query");
    const publishUrls: string[] = [];
    for (let count = 0; count < gateways; count++) publishUrls.push((await start("gateway")).url);
    return { shape: "stack", publishUrls, readUrl: query.url, databaseUrl: postgres.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface ReadyOptions {
  environment: NodeJS.ProcessEnv;
  /**
   * The folder of the loggers' output. The services log at the default level, because logging is part of their work.
   */
  dataDir: string;
  /** The folder of CPU profiles, which a service writes when it stops. */
  profileDir?: string | undefined;
}

async function startReady(
  service: string,
  { environment, dataDir, profileDir }: ReadyOptions,
): Promise<ServiceProcess> {
  const port = await findFreePort();
  const log = openSync(join(dataDir, `${service}-${port}.log`), "a");
  // A folder for each service, because every thread of a service writes its own profile there.
  const nodeFlags =
    profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(profileDir, `${service}-${port}`)}`];
  const started = await startService({ service, environment, port, output: log, nodeFlags });
  closeSync(log);
  await started.ready();
  return started;
}
