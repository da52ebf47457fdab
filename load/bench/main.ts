import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { startEcho } from "../ceilings/start-echo.ts";
import { startLoader } from "../loader/start-loader.ts";
import { openDataDir } from "./data-dir.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { BENCH_COMMAND, type BenchOptions, loadSeconds, loadsOf } from "./options.ts";
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

const recorder = new Recorder();
let machine: Machine = [];
for (let round = 1; round <= options.rounds; round++) machine = await measureAnew(options, round);
const command = ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
const report = formatReport({ ...options, loads, date: new Date(), command, machine, recorder });
process.stdout.write(report);
if (options.save) await writeFile(RESULTS, report);
process.exit(0);

/** Measures one round with new services and empty tables; bench:scale measures large tables. */
async function measureAnew({ only, rounds, profile, ...options }: BenchOptions, round: number) {
  await using opened = new AsyncDisposableStack();
  const { path: dataDir } = opened.adopt(await openDataDir(), stop);
  const wants = (part: BenchOptions["only"][number]) => only.includes(part);
  const profileDir = profile === undefined ? undefined : resolve(profile);
  const products: Product[] = [];
  if (wants("single"))
    products.push(opened.adopt(await startSingle({ dataDir: join(dataDir, "single"), profileDir }), stop));
  let stack: Stack | undefined;
  if (wants("stack") || wants("ceilings")) {
    stack = opened.adopt(await startStack({ ...options, dataDir: join(dataDir, "stack"), profileDir }), stop);
    if (wants("stack")) products.push(stack);
  }
  const loader = opened.adopt(startLoader(), stop);
  const ceilings = wants("ceilings")
    ? {
        databaseUrl: stack?.databaseUrl,
        sqlitePath: await makeSqliteFile(dataDir),
        echo: opened.adopt(await startEcho(), stop),
      }
    : {};
  const tell = (what: string) => {
    stopped.signal.throwIfAborted();
    process.stderr.write(`round ${round} of ${rounds}: ${what}\n`);
  };
  await measureRound({ dataDir, seconds, loads, loader, recorder, products, ...ceilings, tell });
  return await describeMachine(dataDir, stack?.databaseUrl);
}

/** Creates a file with the tables of single, for raw inserts. */
async function makeSqliteFile(dataDir: string): Promise<string> {
  const directory = join(dataDir, "sqlite");
  const single = await startSingle({ dataDir: directory });
  await single.stop();
  return databasePath(directory);
}
