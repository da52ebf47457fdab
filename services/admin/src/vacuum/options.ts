import type { CommandLine } from "@tidemark/runtime/command-line";
import { z } from "zod";

export const VACUUM_COMMAND = {
  usage: "npm run vacuum -- [options]",
  about: `Writes the database file of a single process again without its free space. The file becomes smaller, and contains no deleted bytes. The service must be stopped, and the disk must have room for a second copy.`,
  options: z.object({
    sqlite: z.string().optional().meta({ value: "FILE", description: "the database file of a single process" }),
  }),
  notes: `Without --sqlite, DATABASE_PATH names the file (default data/tidemark.db). For a stack: VACUUM (FULL) of PostgreSQL.
Exit code: 0 done, 2 not done.`,
} satisfies CommandLine;

export type VacuumOptions = z.output<typeof VACUUM_COMMAND.options>;
