import type { CommandLine } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { LOG_OPTION, ONE_TARGET, TARGET_NOTES, TARGET_OPTIONS } from "../options.ts";

export const RESTORE_COMMAND = {
  usage: "npm run restore -- --from FILE [options]",
  about: "Replaces a database with a backup, while the service is stopped. A damaged backup changes nothing.",
  options: z
    .object({
      from: z.string().optional().meta({ value: "FILE", description: "the file of the backup" }),
      logOnly: z.boolean().default(false).meta({
        description: "restores only the frames of the log, for a stack that lost its log and not its database",
      }),
      restoredTo: z.iso
        .datetime({ error: "must be a time such as 2025-10-23T10:00:00Z", offset: true })
        .optional()
        .meta({
          value: "TIME",
          description:
            "records the losses after another program restored the database of a stack to this\ntime; restores nothing",
        }),
      replace: z.boolean().default(false).meta({ description: "replaces a database that exists" }),
      ...TARGET_OPTIONS,
      ...LOG_OPTION,
    })
    .refine(...ONE_TARGET)
    .refine(({ from, restoredTo }) => (from === undefined) !== (restoredTo === undefined), {
      error: "either --from or --restored-to is required",
    }),
  notes: `${TARGET_NOTES}
A stack's log is named by NATS_URL, with NATS_CREDS_FILE and NATS_CA_FILE where they are needed.
Exit code: 0 done, 1 done and the books do not balance, 2 not done and nothing is changed.`,
} satisfies CommandLine;

export type RestoreOptions = z.output<typeof RESTORE_COMMAND.options>;
