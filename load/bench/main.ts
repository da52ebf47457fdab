import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startEcho } from "../ceilings/start-echo.ts";
import { startLoader } from "../loader/start-loader.ts";
import { openDataDir } from "./data-dir.ts";
import { describeMachine } from "./machine.ts";
import { Opened } from "./opened.ts";
import { type BenchOptions, readBenchOptions, USAGE } from "./options.ts";
import { optionsOrExit } from "./options-or-exit.ts";
import type { Product } from "./product.ts";
import { Recorder } from "./recorder.ts";
import { formatReport } from "./report.ts";
import { measureRound } from "./round.ts";
import { databasePath, type Stack, startSingle, startStack } from "./start-products.ts";

const RESULTS = new URL("../results.md", import.meta.url);

const options = optionsOrExit(readBenchOptions, USAGE);
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());

const opened = new Opened();
try {
  await bench(options);
} finally {
  await opened.stopAll();
}
process.exit(stopped.signal.aborted ? 1 : 0);

async function bench({ parts, rounds, loads, seconds, save, gateways, consumers, profileDir }: BenchOptions) {
  const { path: dataDir } = opened.add(await openDataDir());
  const wants = (part: BenchOptions["parts"][number]) => parts.includes(part);
  const products: Product[] = [];
  const profiles = profileDir === undefined ? undefined : resolve(profileDir);
  if (wants("single"))
    products.push(opened.add(await startSingle({ dataDir: join(dataDir, "single"), profileDir: profiles })));
  let stack: Stack | undefined;
  if (wants("stack") || wants("ceilings")) {
    stack = opened.add(
      await startStack({ dataDir: join(dataDir, "stack"), gateways, consumers, profileDir: profiles }),
    );
    if (wants("stack")) products.push(stack);
  }
  const loader = opened.add(startLoader());
  const recorder = new Recorder();
  const ceilings = wants("ceilings")
    ? {
        databaseUrl: stack?.databaseUrl,
        sqlitePath: await makeSqliteFile(dataDir),
        echo: opened.add(await startEcho()),
      }
    : {};
  for (let round = 1; round <= rounds; round++) {
    const tell = (what: string) => {
      stopped.signal.throwIfAborted();
      process.stderr.write(`round ${round} of ${rounds}: ${what}\n`);
    };
    await measureRound({ dataDir, seconds, loads, loader, recorder, products, ...ceilings, tell });
  }
  const command = ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
  const machine = await describeMachine(dataDir, stack?.databaseUrl);
  const report = formatReport({ date: new Date(), command, machine, loads, rounds, recorder });
  process.stdout.write(report);
  if (save) await writeFile(RESULTS, report);
}

/** A file with single's tables, for raw inserts. */
async function makeSqliteFile(dataDir: string): Promise<string> {
  const directory = join(dataDir, "sqlite");
  const single = await startSingle({ dataDir: directory });
  await single.stop();
  return databasePath(directory);
}
