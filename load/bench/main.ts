import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { startEcho } from "../ceilings/start-echo.ts";
import { startLoader } from "../loader/start-loader.ts";
import { type Starters, startersOf } from "./against.ts";
import { formatComparison } from "./comparison.ts";
import { openDataDir } from "./data-dir.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { BENCH_COMMAND, loadSeconds, loadsOf } from "./options.ts";
import type { Product } from "./product.ts";
import { Recorder } from "./recorder.ts";
import { formatReport } from "./report.ts";
import { measureRound } from "./round.ts";
import { stop } from "./run-opened.ts";
import { databasePath, type Stack, startSingle, startStack } from "./start-products.ts";

const RESULTS = new URL("../results.md", import.meta.url);

const options = commandLineOrExit(BENCH_COMMAND);
const seconds = loadSeconds(options);
const loads = loadsOf(options);
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());

/** The products of one commit, and their measurements. */
interface Version extends Starters {
  name: string;
  recorder: Recorder;
  ceilings: boolean;
}

const recorder = new Recorder();
const present: Version = { name: "", startSingle, startStack, recorder, ceilings: options.only.includes("ceilings") };
const versions = [present];
let other: Version | undefined;
if (options.against !== undefined) {
  const starters = await startersOf(options.against);
  other = { ...starters, name: ` of ${options.against}`, recorder: new Recorder(), ceilings: false };
  versions.push(other);
}
let machine: Machine = [];
for (let round = 1; round <= options.rounds; round++) {
  for (const version of versions) machine = await measureAnew(version, round);
  versions.reverse(); // the order alternates
}
const command = ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
const input = { ...options, loads, date: new Date(), command, machine, recorder };
const comparison = other && formatComparison({ ...input, against: options.against ?? "", other: other.recorder });
const report = formatReport({ ...input, comparison });
process.stdout.write(report);
if (options.save) await writeFile(RESULTS, report);
process.exit(0);

/** Measures one round with new services and empty tables; bench:scale measures large tables. */
async function measureAnew(version: Version, round: number) {
  await using opened = new AsyncDisposableStack();
  const { path: dataDir } = opened.adopt(await openDataDir(), stop);
  const { only, rounds, profile, gateways, consumers } = options;
  const profileDir = profile === undefined ? undefined : resolve(profile);
  const products: Product[] = [];
  if (only.includes("single")) {
    products.push(opened.adopt(await version.startSingle({ dataDir: join(dataDir, "single"), profileDir }), stop));
  }
  let stack: Stack | undefined;
  if (only.includes("stack") || version.ceilings) {
    const started = { gateways, consumers, dataDir: join(dataDir, "stack"), profileDir };
    stack = opened.adopt(await version.startStack(started), stop);
    if (only.includes("stack")) products.push(stack);
  }
  const loader = opened.adopt(startLoader(), stop);
  const ceilings = version.ceilings
    ? {
        databaseUrl: stack?.databaseUrl,
        sqlitePath: await makeSqliteFile(dataDir),
        echo: opened.adopt(await startEcho(), stop),
      }
    : {};
  const tell = (what: string) => {
    stopped.signal.throwIfAborted();
    process.stderr.write(`round ${round} of ${rounds}${version.name}: ${what}\n`);
  };
  await measureRound({ dataDir, seconds, loads, loader, recorder: version.recorder, products, ...ceilings, tell });
  return await describeMachine(dataDir, stack?.databaseUrl);
}

/** Creates a file with the tables of single, for raw inserts. */
async function makeSqliteFile(dataDir: string): Promise<string> {
  const directory = join(dataDir, "sqlite");
  const single = await startSingle({ dataDir: directory });
  await single.stop();
  return databasePath(directory);
}
