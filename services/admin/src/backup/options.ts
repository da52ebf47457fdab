import type { CommandLine } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { LOG_OPTION, ONE_TARGET, TARGET_NOTES, TARGET_OPTIONS } from "../options.ts";

export const BACKUP_COMMAND = {
  usage: "npm run backup -- --to FILE [options]",
  about: "Makes a backup in one file while the service runs. A file with the given name is complete and checked.",
  options: z
    .object({
      to: z.string({ error: "--to is required" }).meta({ value: "FILE", description: "the file of the backup" }),
      replace: z
        .boolean()
        .default(false)
        .meta({ description: "replaces a file of that name when the new one is complete" }),
      ...TARGET_OPTIONS,
      ...LOG_OPTION,
    })
    .refine(...ONE_TARGET),
  notes: `${TARGET_NOTES}
A stack's log is named by NATS_URL, with NATS_CREDS_FILE and NATS_CA_FILE where they are needed.
Exit code: 0 done, 1 done and the books do not balance, 2 not done.`,
} satisfies CommandLine;

export type BackupOptions = z.output<typeof BACKUP_COMMAND.options>;
