import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { formatTable } from "../../tools/markdown-table.ts";
import { openDataDir } from "../bench/data-dir.ts";
import { describeMachine } from "../bench/machine.ts";
import type { Shape } from "../bench/product.ts";
import { runOpened, stop } from "../bench/run-opened.ts";
import { type Stack, startSingle, startStack } from "../bench/start-products.ts";
import { formatMegabytes, formatNumber, formatRatio } from "../figures/figures.ts";
import { startLoader } from "../loader/start-loader.ts";
import { compareIngest, compareReads } from "./compare.ts";
import { type FillStep, fill } from "./fill.ts";
import { SCALE_COMMAND } from "./options.ts";

const SMALL_ROWS = 10_000;
const STEPS = 10;
const RESULTS = new URL("../results-scale.md", import.meta.url);

const options = commandLineOrExit(SCALE_COMMAND);
await runOpened(async (opened) => {
  const { path: dataDir } = opened.adopt(await openDataDir(), stop);
  const words = `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${formatNumber(options.rows)} rows.`;
  const sections = ["# Results at scale", words];
  for (const shape of options.only) sections.push(...(await measureShape(opened, shape, join(dataDir, shape))));
  const report = `${sections.join("\n\n")}\n`;
  process.stdout.write(report);
  if (options.save) await writeFile(RESULTS, report);
});
process.exit(0);

async function measureShape(opened: AsyncDisposableStack, shape: Shape, dataDir: string): Promise<string[]> {
  await using ofShape = opened.use(new AsyncDisposableStack());
  const start = async (name: string) => {
    const started = { dataDir: join(dataDir, name) };
    return ofShape.adopt(shape === "single" ? await startSingle(started) : await startStack(started), stop);
  };
  const loader = ofShape.adopt(startLoader(), stop);
  const steps: FillStep[] = [];
  const large = await fill(loader, await start("large"), { rows: options.rows, steps: STEPS }, (step) => {
    tell(`${shape}: ${formatNumber(step.rows)} rows, ${formatNumber(step.committedPerSecond)} events/s`);
    steps.push(step);
  });
  const small = await fill(loader, await start("small"), { rows: SMALL_ROWS, steps: 1 }, () => {});
  tell(`${shape}: reads`);
  const reads = await compareReads(small, large);
  tell(`${shape}: ingest`);
  const ingest = await compareIngest(loader, small, large, options.seconds);
  const machine = await describeMachine(dataDir, (large.product as Partial<Stack>).databaseUrl);
  return [
    `## ${shape}`,
    formatTable(["machine", ""], machine, [0, 1]),
    formatTable(
      ["", `${formatNumber(small.rows)} rows`, `${formatNumber(large.rows)} rows`, "large ÷ small"],
      [...reads, ...ingest].map(({ name, unit, small: few, large: many }) => [
        `${name}, ${unit}`,
        formatNumber(few),
        formatNumber(many),
        formatRatio(many, few),
      ]),
    ),
    formatSteps(steps),
  ];
}

/** Writes the peak memory of each process and the speed while the rows were stored. */
function formatSteps(steps: FillStep[]): string {
  const parts = Object.keys(steps[0]?.peakBytes ?? {});
  return formatTable(
    ["rows", "events/s", ...parts.map((part) => `${part} MB`)],
    steps.map(({ rows, committedPerSecond, peakBytes }) => [
      formatNumber(rows),
      formatNumber(committedPerSecond),
      ...parts.map((part) => formatMegabytes(peakBytes[part] ?? Number.NaN)),
    ]),
  );
}

function tell(words: string): void {
  process.stderr.write(`${words}\n`);
}
