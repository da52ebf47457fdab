import { setTimeout as delay } from "node:timers/promises";
import { createJetstreamConnection, type JetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { type BackupSettings, CA_NEEDS_TLS } from "@tidemark/runtime/settings";
import { createLogger, redactUrl } from "@tidemark/telemetry/logger";
import type { z } from "zod";

export interface StackAddresses {
  databaseUrl: string;
  natsUrl: string;
  natsCredsFile?: string | undefined;
  natsCaFile?: string | undefined;
}

const CONNECT_WITHIN_MS = 30_000;

/**
 * Connects to the log of a stack, runs work, and closes the connection. A service would wait for a log that is down,
 * but a command must end with an error.
 *
 * @throws {Error} if the log does not answer in time
 */
export async function withLog<Result>(
  { natsUrl, natsCredsFile, natsCaFile }: StackAddresses,
  { name, connectWithinMs = CONNECT_WITHIN_MS }: { name: "backup" | "restore"; connectWithinMs?: number },
  work: (connection: JetstreamConnection) => Promise<Result>,
): Promise<Result> {
  const logger = createLogger({ service: name, level: "error" });
  const options = { url: natsUrl, name, credsFile: natsCredsFile, caFile: natsCaFile, logger };
  const connection = createJetstreamConnection(options);
  try {
    await Promise.race([connection.opened, failAfter(connectWithinMs, natsUrl)]);
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function failAfter(ms: number, natsUrl: string): Promise<never> {
  await delay(ms, undefined, { ref: false });
  throw new Error(`the log at ${redactUrl(natsUrl)} does not answer`);
}

/**
 * Returns the addresses of a stack.
 *
 * @throws {Error} if the address of the log is missing, or is unencrypted although an authority is given, so that the
 * password would be readable
 */
export function stackOf(
  databaseUrl: string,
  { nats, settings }: { nats: string | undefined; settings: z.output<typeof BackupSettings> },
): StackAddresses {
  const natsUrl = nats ?? settings.NATS_URL;
  if (natsUrl === undefined) throw new Error("a stack has a log as well: name it with NATS_URL or --nats");
  const [isCaOfUse, { error }] = CA_NEEDS_TLS;
  if (!isCaOfUse({ ...settings, NATS_URL: natsUrl })) throw new Error(`NATS_CA_FILE ${error}`);
  return { databaseUrl, natsUrl, natsCredsFile: settings.NATS_CREDS_FILE, natsCaFile: settings.NATS_CA_FILE };
}
