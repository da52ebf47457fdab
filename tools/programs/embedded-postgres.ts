import { resolve } from "node:path";
import { findFreePort } from "./free-port.ts";
import { startGuarded } from "./guarded-process.ts";

export interface EmbeddedPostgresOptions {
  /** Where the cluster lives; made anew when it is missing. */
  dataDir: string;
  /** Default: one that is free. */
  port?: number;
  /** Whether `dataDir` goes with the server. */
  isTemporary?: boolean;
}

export type EmbeddedPostgresGuardOptions = Required<EmbeddedPostgresOptions>;

export interface EmbeddedPostgresReady {
  /** Of a database `tidemark`, as a superuser. */
  url: string;
}

export interface EmbeddedPostgres extends EmbeddedPostgresReady {
  stop(): Promise<void>;
  /** Resolves when it is gone, asked for or not. */
  exited: Promise<void>;
}

/**
 * Runs the PostgreSQL that npm brought, on a loopback port, under guard: it ends with this process. As root it runs as
 * the user `postgres`, which is created where it is missing.
 *
 * @throws {Error} with the server's own words, when it does not come up
 */
export async function startEmbeddedPostgres({
  dataDir,
  port,
  isTemporary = false,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const options = { dataDir: resolve(dataDir), port: port ?? (await findFreePort()), isTemporary };
  const guard = new URL("./embedded-postgres-guard.ts", import.meta.url);
  const guarded = await startGuarded<EmbeddedPostgresGuardOptions, EmbeddedPostgresReady>(guard, options);
  return { ...guarded.ready, stop: guarded.stop, exited: guarded.exited };
}
