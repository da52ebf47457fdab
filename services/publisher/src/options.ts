import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import type { Plan } from "./plan.ts";

export interface Options {
  plan: Plan;
  /** Where events are published. */
  url: URL;
  concurrency: number;
  requestTimeoutMs: number;
  /** How long one request is tried again before it is given up. */
  retryForMs: number;
  /** Every event of this run was published before, by a run with the same id: nothing may be accepted. */
  expectRepeat: boolean;
  /** A difference between this run and the change of the service's own counters is a failure. */
  checkStats: boolean;
}

/** The arguments are wrong: names every one that is. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

export const USAGE = `Usage: npm run publisher -- [options]

Publishes events the way an unreliable world does, with copies, retries and batches that repeat themselves, and checks
that the service counted every one of them.

  --events N           events to send, copies included (default 5000)
  --duplicate-rate R   share of them that are copies, 0 to below 1 (default 0.25)
  --batch-size N       events per request (default 100)
  --topics N           topics they are spread over (default 5)
  --concurrency N      requests under way at a time (default 8)
  --seed N             the same seed gives the same traffic (default 1)
  --run-id TEXT        part of every event id (default: random, so that every run sends new events)
  --expect-repeat      this run id was published before: everything must be a duplicate
  --check-stats        fail when /stats did not grow by exactly this run (somebody else publishing counts as well)
  --url URL            where to publish (default: AGGREGATOR_URL, or else http://localhost:8080/publish)
  --timeout S          seconds to wait for an answer (default 30)
  --retry-for S        seconds to retry one request before giving it up (default 120)
  --help               this text

Environment: AGGREGATOR_URL, and API_KEY (or API_KEY_FILE) when the service wants one.
Exit code: 0 everything agrees, 1 it does not, 2 wrong arguments, 130 interrupted.
`;

const OPTIONS = {
  events: { type: "string", default: "5000" },
  "duplicate-rate": { type: "string", default: "0.25" },
  "batch-size": { type: "string", default: "100" },
  topics: { type: "string", default: "5" },
  concurrency: { type: "string", default: "8" },
  seed: { type: "string", default: "1" },
  "run-id": { type: "string" },
  "expect-repeat": { type: "boolean", default: false },
  "check-stats": { type: "boolean", default: false },
  url: { type: "string" },
  timeout: { type: "string", default: "30" },
  "retry-for": { type: "string", default: "120" },
  help: { type: "boolean", short: "h", default: false },
} as const;

// A run with a chosen id is repeatable to the byte, its timestamps included.
const REPEATABLE_START_MS = Date.UTC(2025, 0, 1);

/**
 * Reads the command line; undefined when it asks for help.
 *
 * @throws {InvalidArguments} naming all faults at once
 */
export function readOptions(args: string[], defaultUrl: string): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const number = (name: NumberOption, range: Range) => readNumber(name, values[name], range, faults);
  const runId = values["run-id"];
  const options: Options = {
    plan: {
      events: number("events", { min: 1, max: 100_000_000 }),
      duplicateRate: number("duplicate-rate", { min: 0, below: 1, fraction: true }),
      batchSize: number("batch-size", { min: 1, max: 10_000 }),
      topics: number("topics", { min: 1, max: 100_000 }),
      seed: number("seed", { min: 0, max: 4_294_967_295 }),
      runId: runId ?? randomBytes(6).toString("hex"),
      startMs: runId === undefined ? Date.now() : REPEATABLE_START_MS,
    },
    url: readUrl(values.url ?? defaultUrl, faults),
    concurrency: number("concurrency", { min: 1, max: 1_000 }),
    requestTimeoutMs: 1_000 * number("timeout", { min: 0.1, max: 3_600, fraction: true }),
    retryForMs: 1_000 * number("retry-for", { min: 0, max: 86_400, fraction: true }),
    expectRepeat: values["expect-repeat"],
    checkStats: values["check-stats"],
  };
  if (runId !== undefined && !/^[\w.:-]{1,200}$/.test(runId)) {
    faults.push("--run-id: must be 1 to 200 letters, digits or any of . : _ -");
  }
  if (options.expectRepeat && runId === undefined) faults.push("--expect-repeat: say which run with --run-id");
  if (faults.length > 0) throw new InvalidArguments(faults.join("\n"));
  return options;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false });
  } catch (error) {
    throw new InvalidArguments((error as Error).message, { cause: error });
  }
}

type NumberOption =
  | "events"
  | "duplicate-rate"
  | "batch-size"
  | "topics"
  | "concurrency"
  | "seed"
  | "timeout"
  | "retry-for";

interface Range {
  min: number;
  max?: number;
  below?: number;
  fraction?: boolean;
}

function readNumber(name: string, text: string, range: Range, faults: string[]): number {
  const { min, max = Number.POSITIVE_INFINITY, below = Number.POSITIVE_INFINITY, fraction = false } = range;
  const isNumber = (fraction ? /^(\d+\.?\d*|\.\d+)$/ : /^\d+$/).test(text);
  const value = Number(text);
  if (isNumber && value >= min && value <= max && value < below) return value;
  const kind = fraction ? "number" : "whole number";
  const end = below === Number.POSITIVE_INFINITY ? `to ${max}` : `to below ${below}`;
  faults.push(`--${name}: must be a ${kind} from ${min} ${end}, not ${JSON.stringify(text)}`);
  return min;
}

function readUrl(text: string, faults: string[]): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  faults.push(`--url: must be an http or https URL, not ${JSON.stringify(text)}`);
  return new URL("http://localhost:8080/publish");
}
