import { parseArgs } from "node:util";

export interface Options {
  /** As the arguments name it, or else as the settings do. */
  target: Target;
  isJson: boolean;
}

export type Target = { kind: "postgres"; url: string } | { kind: "sqlite"; path: string };

/** Where to look when the arguments do not say. */
export interface TargetSettings {
  DATABASE_URL?: string | undefined;
  DATABASE_PATH: string;
}

/** The arguments are wrong: says what is. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

export const USAGE = `Usage: npm run verify -- [options]

Counts the rows of a database anew, in one snapshot and without a change to it, and compares them with the books. The
service may be running or stopped.

  --database URL   the PostgreSQL database of a stack, postgres://user:password@host:5432/name
  --sqlite FILE    the database file of a single process
  --json           print the result as JSON, as GET /audit answers
  --help           this text

Without either: DATABASE_URL, or else DATABASE_PATH (default data/tidemark.db). Both may come from files as well:
DATABASE_URL_FILE, DATABASE_PATH_FILE.
Exit code: 0 the books balance, 1 they do not, 2 nobody can say: wrong arguments, no such database, not reachable.
`;

const OPTIONS = {
  database: { type: "string" },
  sqlite: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * Reads the command line; undefined when it asks for help.
 *
 * @param readSettings called only where the arguments do not name the database
 * @throws {InvalidArguments}
 */
export function readOptions(args: string[], readSettings: () => TargetSettings): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help || args.length === 0) return undefined;
  const [command, ...more] = positionals;
  if (command !== "verify") throw new InvalidArguments(`there is no command ${JSON.stringify(command ?? "")}: verify`);
  if (more.length > 0) throw new InvalidArguments(`what is ${more.join(" ")}?`);
  return { target: readTarget(values, readSettings), isJson: values.json };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    throw new InvalidArguments((error as Error).message, { cause: error });
  }
}

function readTarget(
  { database, sqlite }: { database?: string | undefined; sqlite?: string | undefined },
  readSettings: () => TargetSettings,
): Target {
  if (database !== undefined && sqlite !== undefined) {
    throw new InvalidArguments("--database and --sqlite: which of them?");
  }
  if (sqlite !== undefined) return { kind: "sqlite", path: sqlite };
  if (database !== undefined) {
    if (!/^postgres(ql)?:$/.test(URL.parse(database)?.protocol ?? "")) {
      throw new InvalidArguments(
        "--database: must be a PostgreSQL URL such as postgres://user:password@localhost/tidemark",
      );
    }
    return { kind: "postgres", url: database };
  }
  const { DATABASE_URL: url, DATABASE_PATH: path } = readSettings();
  return url === undefined ? { kind: "sqlite", path } : { kind: "postgres", url };
}
