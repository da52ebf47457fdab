import { resolve } from "node:path";
import { findFreePort } from "./free-port.ts";
import { startGuarded } from "./guarded-process.ts";

export interface EmbeddedPostgresOptions {
  /** The folder of the cluster, created if it is missing. */
  dataDir: string;
  /** Default: a free port. */
  port?: number;
  /** Whether `dataDir` is removed with the server. */
  isTemporary?: boolean;
}

export type EmbeddedPostgresGuardOptions = Required<EmbeddedPostgresOptions>;

export interface EmbeddedPostgresReady {
  /** The URL of a database `tidemark`, with a superuser. */
  url: string;
}

export interface EmbeddedPostgres extends EmbeddedPostgresReady {
  stop(): Promise<void>;
  /** Resolves when the server has ended, for any reason. */
  exited: Promise<void>;
}

/**
 * Runs the PostgreSQL from npm on a loopback port under guard, so that it ends with this process. As root it runs as
 * the user `postgres`, which is created if it is missing.
 *
 * @throws {Error} with the server's output if it does not start
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
