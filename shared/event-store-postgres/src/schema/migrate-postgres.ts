import type { Logger } from "@tidemark/telemetry/logger";
import { withSession } from "../connection/session.ts";
import { migrate } from "./migrate.ts";

/**
 * Brings the tables up to date and gives the roles their rights. It runs on a connection without a time limit, because
 * creating an index may take long, and so may waiting for another process that migrates.
 *
 * @throws {Unavailable} `store_unreachable`
 */
export async function migratePostgres({ url, logger, signal }: MigrationOptions): Promise<void> {
  const options = { url, applicationName: "tidemark-migrate", timeoutMs: 0, ...(signal ? { signal } : {}) };
  const migrations = await withSession(options, (session) => migrate(session));
  if (migrations.length > 0) logger.info({ migrations }, "migrated the database");
}

interface MigrationOptions {
  url: string;
  logger: Logger;
  signal?: AbortSignal;
}
