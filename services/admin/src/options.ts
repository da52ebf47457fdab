import type { CommandLine } from "@tidemark/runtime/command-line";
import { BrokerSettings } from "@tidemark/runtime/settings";
import { z } from "zod";

export type Target = { kind: "postgres"; url: string } | { kind: "sqlite"; path: string };

/** The options that name a database. */
export const TARGET_OPTIONS = {
  database: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: "must be a PostgreSQL URL such as postgres://user:password@localhost/tidemark",
    })
    .optional()
    .meta({
      value: "URL",
      description: "the PostgreSQL database of a stack, postgres://user:password@host:5432/name",
    }),
  sqlite: z.string().optional().meta({ value: "FILE", description: "the database file of a single process" }),
};

/** The option that names the log of a stack. */
export const LOG_OPTION = {
  nats: BrokerSettings.shape.NATS_URL.optional().meta({
    value: "URL",
    description: "the log of a stack, nats://user:password@host:4222",
  }),
};

export const ONE_TARGET = [
  ({ database, sqlite }: { database?: string | undefined; sqlite?: string | undefined }) =>
    database === undefined || sqlite === undefined,
  { error: "--database and --sqlite: choose one of them" },
] as const;

export const TARGET_NOTES = `Without --database and --sqlite, DATABASE_URL names the database, or else DATABASE_PATH (default data/tidemark.db).
Both may come from files as well: DATABASE_URL_FILE, DATABASE_PATH_FILE.`;

export const VERIFY_COMMAND = {
  usage: "npm run verify -- [options]",
  about: `Counts the rows of a database again, in one snapshot and without changing the database, and compares them with the
books. The service may be running or stopped.`,
  options: z
    .object({
      operands: z
        .array(z.string())
        .refine((operands) => operands.join(" ") === "verify", "the command must be: verify"),
      ...TARGET_OPTIONS,
      json: z.boolean().default(false).meta({ description: "prints the result as JSON, in the format of GET /audit" }),
    })
    .refine(...ONE_TARGET),
  notes: `${TARGET_NOTES}
Exit code: 0 the books balance, 1 they do not balance, 2 no result (wrong arguments, database missing or unreachable).`,
} satisfies CommandLine;

export type VerifyOptions = z.output<typeof VERIFY_COMMAND.options>;

/** The settings that name the database if the arguments do not. */
export interface TargetSettings {
  DATABASE_URL?: string | undefined;
  DATABASE_PATH: string;
}

/** @param readSettings called only if the arguments do not name the database */
export function chooseTarget(
  { database, sqlite }: Pick<VerifyOptions, "database" | "sqlite">,
  readSettings: () => TargetSettings,
): Target {
  if (sqlite !== undefined) return { kind: "sqlite", path: sqlite };
  if (database !== undefined) return { kind: "postgres", url: database };
  const { DATABASE_URL: url, DATABASE_PATH: path } = readSettings();
  return url === undefined ? { kind: "sqlite", path } : { kind: "postgres", url };
}
