import type { CommandLine } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { ONE_TARGET, TARGET_NOTES, TARGET_OPTIONS } from "../options.ts";

export const RESTORE_COMMAND = {
  usage: "npm run restore -- --from FILE [options]",
  about: "Puts a backup in the place of a database, while the service is stopped. A damaged backup changes nothing.",
  options: z
    .object({
      from: z.string({ error: "--from is required" }).meta({ value: "FILE", description: "the file of the backup" }),
      replace: z.boolean().default(false).meta({ description: "replaces a database that exists" }),
      ...TARGET_OPTIONS,
    })
    .refine(...ONE_TARGET),
  notes: `${TARGET_NOTES}
Exit code: 0 done, 1 done and the books do not balance, 2 not done and nothing is changed.`,
} satisfies CommandLine;

export type RestoreOptions = z.output<typeof RESTORE_COMMAND.options>;
