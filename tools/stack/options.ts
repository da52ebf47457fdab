import { join } from "node:path";
import { parseArgs } from "node:util";

export interface StackOptions {
  port: number;
  host: string;
  dataDir: string;
  replicas: { gateway: number; consumer: number; query: number };
}

/** The arguments are wrong: says which and what they may be. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

export const USAGE = `Usage: npm run stack -- [options]

Runs the stack without containers, on one address: PostgreSQL (from npm), nats-server (from the PATH, Go or pip), the
gateways, consumers and query replicas, and a small edge before them. Ctrl-C stops it; the data stays.

  --port N        where the edge listens (default: PORT, or else 8080)
  --data DIR      folder of the database and the log (default: data/stack)
  --gateways N    replicas of the gateway, 1 to 16 (default 1)
  --consumers N   replicas of the consumer, 1 to 16 (default 1)
  --queries N     replicas of the query service, 1 to 16 (default 1)
  --help          this text

Environment: HOST is where the edge listens (default 127.0.0.1). With DATABASE_URL or NATS_URL (or their *_FILE forms) that
server is used and none is started. All other settings go to the services as they are: see .env.example.
`;

const OPTIONS = {
  port: { type: "string" },
  data: { type: "string" },
  gateways: { type: "string", default: "1" },
  consumers: { type: "string", default: "1" },
  queries: { type: "string", default: "1" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * What the command line and the environment ask for; undefined when they ask for help.
 *
 * @throws {InvalidArguments} naming every fault
 */
export function readStackOptions(
  args: string[],
  environment: Record<string, string | undefined>,
): StackOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const wholeNumber = (name: string, text: string, { min, max }: { min: number; max: number }) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) faults.push(`${name}: must be a whole number from ${min} to ${max}`);
    return value;
  };
  const replicas = { min: 1, max: 16 };
  const options = {
    port: wholeNumber("--port", values.port ?? (environment.PORT || "8080"), { min: 0, max: 65_535 }),
    host: environment.HOST || "127.0.0.1",
    dataDir: values.data ?? join("data", "stack"),
    replicas: {
      gateway: wholeNumber("--gateways", values.gateways, replicas),
      consumer: wholeNumber("--consumers", values.consumers, replicas),
      query: wholeNumber("--queries", values.queries, replicas),
    },
  };
  if (faults.length > 0) throw new InvalidArguments(faults.join("\n"));
  return options;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new InvalidArguments((error as Error).message);
  }
}
