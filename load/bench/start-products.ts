import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import type { Product } from "./product.ts";
import { type Service, startService } from "./service.ts";

export interface StartOptions {
  dataDir: string;
  profileDir?: string | undefined;
  gateways?: number;
  consumers?: number;
}

export interface Stack extends Product {
  databaseUrl: string;
}

/** Single, as `npm start` runs it, on a file in the folder. */
export async function startSingle({ dataDir, profileDir }: StartOptions): Promise<Product> {
  await mkdir(dataDir, { recursive: true });
  const environment = { ...process.env, DATABASE_PATH: databasePath(dataDir) };
  const single = await startService({ service: "single", environment, logDir: dataDir, profileDir });
  return { shape: "single", publishUrls: [single.url], readUrl: single.url, stop: single.stop };
}

export function databasePath(dataDir: string): string {
  return join(dataDir, "tidemark.db");
}

/**
 * The stack on local programs, as `npm run stack` runs it, but for the edge: its place is taken by nginx wherever speed
 * matters, so requests go to the gateways straight.
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
    };
    const start = async (service: string): Promise<Service> => {
      const started = await startService({ service, environment, logDir: dataDir, profileDir });
      stops.push(started.stop);
      return started;
    };
    for (let count = 0; count < consumers; count++) await start("consumer"); // the first one makes the tables
    const query = await start("query");
    const publishUrls: string[] = [];
    for (let count = 0; count < gateways; count++) publishUrls.push((await start("gateway")).url);
    return { shape: "stack", publishUrls, readUrl: query.url, databaseUrl: postgres.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
