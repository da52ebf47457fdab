import { rm } from "node:fs/promises";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findFreePort } from "@tidemark/programs/free-port";
import { onTestFinished } from "vitest";
import { createDataDir } from "../infrastructure/programs.ts";

/**
 * A PostgreSQL of one test, which can be stopped. The shared server cannot be, because other test files use it at the
 * same time.
 */
export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
  /** Starts the server again after `stop`, with the same address and the same data. */
  restart(): Promise<void>;
}

export async function startOwnPostgres(): Promise<PostgresServer> {
  const dataDir = await createDataDir();
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const port = await findFreePort();
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, port });
  onTestFinished(() => server.stop());
  return {
    url: server.url,
    stop: () => server.stop(),
    restart: async () => {
      server = await startEmbeddedPostgres({ dataDir, port });
    },
  };
}
