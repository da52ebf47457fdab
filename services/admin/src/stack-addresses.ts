import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import type { BackupSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";
import type { z } from "zod";

export interface StackAddresses {
  databaseUrl: string;
  natsUrl: string;
  natsCredsFile?: string | undefined;
  natsCaFile?: string | undefined;
}

/** Connects to the log of a stack. Of what the connection logs, only warnings are of interest here. */
export function connectToLog({ natsUrl, natsCredsFile, natsCaFile }: StackAddresses, name: "backup" | "restore") {
  const logger = createLogger({ service: name, level: "error" });
  return createJetstreamConnection({ url: natsUrl, name, credsFile: natsCredsFile, caFile: natsCaFile, logger });
}

/**
 * Returns the addresses of a stack.
 *
 * @throws {Error} if that of the log is missing
 */
export function stackOf(
  databaseUrl: string,
  { nats, settings }: { nats: string | undefined; settings: z.output<typeof BackupSettings> },
): StackAddresses {
  const natsUrl = nats ?? settings.NATS_URL;
  if (natsUrl === undefined) throw new Error("a stack has a log as well: name it with NATS_URL or --nats");
  return { databaseUrl, natsUrl, natsCredsFile: settings.NATS_CREDS_FILE, natsCaFile: settings.NATS_CA_FILE };
}
