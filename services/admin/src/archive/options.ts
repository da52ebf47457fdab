import type { CommandLine } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { ONE_TARGET, TARGET_NOTES, TARGET_OPTIONS } from "../options.ts";

export const EXPORT_COMMAND = {
  usage: "npm run export -- --to FILE [options]",
  about: `Writes the whole content of a store into one file, from which npm run import fills another store, of a single or of a stack. The service may be running. Events that wait in the log of a stack are not in the file.`,
  options: z
    .object({
      to: z.string({ error: "--to is required" }).meta({ value: "FILE", description: "the file to write" }),
      replace: z
        .boolean()
        .default(false)
        .meta({ description: "replaces a file of that name when the new one is complete" }),
      ...TARGET_OPTIONS,
    })
    .refine(...ONE_TARGET),
  notes: `${TARGET_NOTES}
Exit code: 0 done, 1 done and the books do not balance, 2 not done.`,
} satisfies CommandLine;

export type ExportOptions = z.output<typeof EXPORT_COMMAND.options>;

export const IMPORT_COMMAND = {
  usage: "npm run import -- --from FILE [options]",
  about: `Fills a store from a file of npm run export, completely or not at all. The service must be stopped. The database of a stack
is reached with the role that owns its tables.`,
  options: z
    .object({
      from: z.string({ error: "--from is required" }).meta({ value: "FILE", description: "the file to read" }),
      replace: z.boolean().default(false).meta({ description: "replaces the content of the store" }),
      ...TARGET_OPTIONS,
    })
    .refine(...ONE_TARGET),
  notes: `${TARGET_NOTES}
Exit code: 0 done, 1 done and the books do not balance, 2 not done and nothing is changed.`,
} satisfies CommandLine;

export type ImportOptions = z.output<typeof IMPORT_COMMAND.options>;
