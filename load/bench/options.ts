import { parseArgs } from "node:util";

export interface Load {
  eventsPerRequest: number;
  connections: number;
}

const PARTS = ["single", "stack", "ceilings"] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  parts: Part[];
  seconds: number;
  rounds: number;
  loads: Load[];
  gateways: number;
  consumers: number;
  save: boolean;
  profileDir?: string;
}

/** The arguments are wrong: says which and what they may be. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

export const USAGE = `Usage: npm run bench -- [options]

Measures Tidemark beside what it is built on, in one run and in turns: the disk, raw inserts into the same tables, a bare
Fastify; then single and the stack under the same stream of events, a quarter of them copies. Everything runs on this
machine, in a fresh folder under data/ that is removed afterwards. Prints markdown. Linux.

  --only PARTS         some of ${PARTS.join(",")} (default all)
  --seconds S          how long each load lasts (default 5)
  --rounds N           times everything is started and measured; the medians are printed (default 1)
  --sizes LIST         events a request (default 1,10,100,500)
  --connections LIST   every size with each of these (default 32, and 256 for requests of up to 10 events)
  --gateways N         of the stack (default 1)
  --consumers N        of the stack (default 1)
  --quick              one second each, sizes 1 and 100, 32 connections: to see that it works
  --profile DIR        CPU profiles of the services go there (read them with npm run bench:profile -- DIR/*/*)
  --save               writes load/results.md as well
  --help               this text
`;

const OPTIONS = {
  only: { type: "string" },
  seconds: { type: "string" },
  rounds: { type: "string", default: "1" },
  sizes: { type: "string" },
  connections: { type: "string" },
  gateways: { type: "string", default: "1" },
  consumers: { type: "string", default: "1" },
  quick: { type: "boolean", default: false },
  profile: { type: "string" },
  save: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const FEW_EVENTS = 10;

/**
 * What the command line asks for; undefined when it asks for help.
 *
 * @throws {InvalidArguments} naming every fault
 */
export function readBenchOptions(args: string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const number = (name: string, text: string, { min, max }: { min: number; max: number }): number => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) faults.push(`${name}: must be a number from ${min} to ${max}`);
    return value;
  };
  const list = (name: string, text: string, max: number) =>
    text.split(",").map((each) => number(name, each, { min: 1, max }));
  const isPart = (text: string): text is Part => PARTS.some((part) => part === text);
  const parts = (values.only ?? PARTS.join(",")).split(",");
  if (!parts.every(isPart)) faults.push(`--only: must be some of ${PARTS.join(", ")}`);
  const sizes = list("--sizes", values.sizes ?? (values.quick ? "1,100" : "1,10,100,500"), 10_000);
  const connections = values.connections ?? (values.quick ? "32" : undefined);
  const options: BenchOptions = {
    parts: parts.filter(isPart),
    seconds: number("--seconds", values.seconds ?? (values.quick ? "1" : "5"), { min: 0.1, max: 3_600 }),
    rounds: number("--rounds", values.rounds, { min: 1, max: 99 }),
    loads: combine(sizes, connections === undefined ? undefined : list("--connections", connections, 10_000)),
    gateways: number("--gateways", values.gateways, { min: 1, max: 16 }),
    consumers: number("--consumers", values.consumers, { min: 1, max: 16 }),
    save: values.save,
    ...(values.profile === undefined ? {} : { profileDir: values.profile }),
  };
  if (faults.length > 0) throw new InvalidArguments([...new Set(faults)].join("\n"));
  return options;
}

/** By default many connections go with small requests: large ones would have more in flight than any service takes. */
function combine(sizes: number[], connections: number[] | undefined): Load[] {
  return (connections ?? [32, 256]).flatMap((each) =>
    sizes
      .filter((size) => connections !== undefined || each === 32 || size <= FEW_EVENTS)
      .map((eventsPerRequest) => ({ eventsPerRequest, connections: each })),
  );
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new InvalidArguments((error as Error).message);
  }
}
