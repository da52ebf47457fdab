// build: open an empty store ──▶ insert old rows ──▶ close      measure: open it again ──▶ ingest without, with, without, with ...
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CommandLine, commandLineOrExit, decimal, oneOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { formatTable } from "../../tools/markdown-table.ts";
import { runOpened } from "../bench/run-opened.ts";
import { formatNumber } from "../figures/figures.ts";
import { EXPIRY_SHAPES } from "./expiry-shapes.ts";
import { compareWindows, expireAll } from "./expiry-windows.ts";

const EXPIRY_COMMAND = {
  usage: "node load/decisions/payload-expiry.ts build|measure [options]",
  about: `Measures what the expiry of payloads costs ingest (docs/decisions/0004). "build" makes a database with old events; other
programs may run meanwhile. "measure" opens it and alternates ingest without the expiry with ingest beside it; it needs a
quiet machine. Both call the stores directly. A window expires few payloads, so a database serves for many measurements, but
it grows by the events that the windows store. 10 million events take 4 GB in SQLite and 9 GB in PostgreSQL.`,
  options: z.object({
    operands: z.tuple([oneOf(["build", "measure"])], "say build or measure"),
    shape: oneOf(["single", "stack"]).prefault("single").meta({ value: "SHAPE", description: "single or stack" }),
    dir: z.string().prefault("data/retention").meta({ value: "DIR", description: "folder of the databases" }),
    rows: wholeNumber({ min: 10_000, max: 1e9 })
      .prefault("10000000")
      .meta({ value: "N", description: "build: old events of the database" }),
    rounds: wholeNumber({ min: 1, max: 1_000 })
      .prefault("10")
      .meta({ value: "N", description: "measure: pairs of windows" }),
    seconds: decimal({ min: 1, max: 3_600 })
      .prefault("10")
      .meta({ value: "S", description: "measure: duration of a window" }),
    rest: z
      .boolean()
      .default(false)
      .meta({ description: "measure: then expires all other payloads without pauses, and vacuums; not repeatable" }),
  }),
} satisfies CommandLine;

const { operands, shape, dir, rows, rounds, seconds, rest } = commandLineOrExit(EXPIRY_COMMAND);
const dataDir = join(dir, shape);
await runOpened(operands[0] === "build" ? build : measure);
process.exit(0);

async function build(opened: AsyncDisposableStack): Promise<void> {
  await mkdir(dir, { recursive: true });
  await mkdir(dataDir).catch((error: unknown) => {
    throw new Error(`remove ${dataDir} first: a database is built in a new folder`, { cause: error });
  });
  await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  await EXPIRY_SHAPES[shape].build(opened, dataDir, rows, (filled) => tell(`${formatNumber(filled)} rows`));
}

async function measure(opened: AsyncDisposableStack): Promise<void> {
  const { store, writers, sizes, vacuum } = await EXPIRY_SHAPES[shape].open(opened, dataDir);
  tell(await sizes());
  const { pairs, ratios } = await compareWindows(store, { writers, rounds, seconds }, tell);
  process.stdout.write(`${pairs}\n\n${ratios}\n`);
  if (!rest) return;
  const report: [string, string, string][] = [];
  const step = async (name: string, run: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await run();
    report.push([name, `${formatNumber((performance.now() - startedAt) / 1_000)} s`, await sizes()]);
  };
  await step("all other payloads", () => expireAll(store));
  await step("vacuum", vacuum);
  process.stdout.write(`\n${formatTable(["", "time", "size"], report)}\n`);
}

function tell(words: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${words}\n`);
}
