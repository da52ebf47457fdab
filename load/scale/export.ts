// fill ──▶ restart ──▶ GET /events, Accept: application/x-ndjson ──▶ a fast reader; one that reads 1 MB/s; one that stops
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { formatTable } from "../../tools/markdown-table.ts";
import { openDataDir } from "../bench/data-dir.ts";
import { readPeakBytes, readResidentBytes, resetPeaks } from "../bench/process-usage.ts";
import type { Product, Shape } from "../bench/product.ts";
import { runOpened, stop } from "../bench/run-opened.ts";
import { startSingle, startStack } from "../bench/start-products.ts";
import { formatMegabytes, formatNumber } from "../figures/figures.ts";
import { startLoader } from "../loader/start-loader.ts";
import { fill } from "./fill.ts";
import { EXPORT_COMMAND } from "./options.ts";

const SLOW_BYTES_A_SECOND = 1_000_000;
const STEPS = 10;

/** The part of the export that a reader received. */
interface Taken {
  bytes: number;
  lines: number;
  /** The end of that part, with the last line if it has arrived. */
  tail: string;
}

const { rows, seconds, only: shapes } = commandLineOrExit(EXPORT_COMMAND);
await runOpened(async (opened) => {
  const { path } = opened.adopt(await openDataDir(), stop);
  for (const shape of shapes) process.stdout.write(`${await measureShape(opened, shape, join(path, shape))}\n`);
});

async function measureShape(opened: AsyncDisposableStack, shape: Shape, dataDir: string): Promise<string> {
  const start = async (): Promise<Product> =>
    opened.adopt(shape === "single" ? await startSingle({ dataDir }) : await startStack({ dataDir }), stop);
  const loader = opened.adopt(startLoader(), stop);
  const filled = await runWith(await start(), (product) => fill(loader, product, { rows, steps: STEPS }, tell));
  return runWith(await start(), async ({ readUrl }) => {
    const part = shape === "single" ? "single" : "query";
    const atRest = readResidentBytes()[part] ?? Number.NaN;
    const table = [["no reader", "", "", "", formatMegabytes(atRest)]];
    const measure = async (name: string, read: () => Promise<Taken>) => {
      resetPeaks();
      const startedAt = performance.now();
      const { bytes, lines } = await read();
      const perSecond = (lines / (performance.now() - startedAt)) * 1_000;
      const peak = readPeakBytes()[part] ?? Number.NaN;
      table.push([name, formatNumber(lines), formatMegabytes(bytes), formatNumber(perSecond), formatMegabytes(peak)]);
    };
    await measure("a fast reader", () => takeAll(readUrl, filled.rows));
    await measure("one that reads 1 MB/s", () => takeSlowly(readUrl));
    await measure("one that reads nothing", () => takeNothing(readUrl));
    const head = [`${shape}, ${formatNumber(filled.rows)} rows`, "lines", "MB", "lines/s", `peak of ${part}, MB`];
    return formatTable(head, table);
  });
}

async function runWith<Result>(product: Product, run: (product: Product) => Promise<Result>): Promise<Result> {
  return run(product).finally(() => product.stop());
}

async function requestExport(readUrl: string): Promise<IncomingMessage> {
  const headers = { accept: "application/x-ndjson" };
  const request = get(new URL("/events?order=asc", readUrl), { headers, agent: false });
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`the export answered ${answer.statusCode}`);
  return answer;
}

/** @throws {Error} if the export is incomplete */
async function takeAll(readUrl: string, expected: number): Promise<Taken> {
  const taken = { bytes: 0, lines: 0, tail: "" };
  for await (const piece of await requestExport(readUrl)) take(taken, piece as Buffer);
  const end = JSON.parse(taken.tail.trimEnd().split("\n").at(-1) ?? "") as { complete: boolean; count: number };
  if (!end.complete || end.count !== expected || taken.lines !== expected + 1) {
    throw new Error(`${expected} events are stored, and the export ended with ${JSON.stringify(end)}`);
  }
  return taken;
}

async function takeSlowly(readUrl: string): Promise<Taken> {
  const taken = { bytes: 0, lines: 0, tail: "" };
  const startedAt = performance.now();
  for await (const piece of await requestExport(readUrl)) {
    take(taken, piece as Buffer);
    const dueMs = (taken.bytes / SLOW_BYTES_A_SECOND) * 1_000;
    if (dueMs > seconds * 1_000) break;
    await delay(Math.max(0, dueMs - (performance.now() - startedAt)));
  }
  return taken;
}

async function takeNothing(readUrl: string): Promise<Taken> {
  const answer = await requestExport(readUrl);
  await delay(seconds * 1_000);
  answer.destroy();
  return { bytes: 0, lines: 0, tail: "" };
}

function take(taken: Taken, piece: Buffer): void {
  taken.bytes += piece.length;
  for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) taken.lines++;
  taken.tail = (taken.tail + piece.subarray(-1_000).toString("latin1")).slice(-1_000);
}

function tell({ rows: stored, committedPerSecond }: { rows: number; committedPerSecond: number }): void {
  process.stderr.write(`${formatNumber(stored)} rows, ${formatNumber(committedPerSecond)} events/s\n`);
}
