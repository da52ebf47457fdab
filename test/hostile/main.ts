import { fileURLToPath } from "node:url";
import { type CommandLine, commandLineOrExit, oneOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { formatTable } from "../../tools/markdown-table.ts";
import { measureAll, type Row } from "./run.ts";

const COMMAND = {
  usage: "npm run amplification -- [options]",
  about: `Sends expensive requests to real processes, and prints the cost of each. Exits with 1 if a cost
is more than its bound.`,
  options: z.object({
    shape: oneOf(["single", "stack"]).default("single").meta({ value: "NAME", description: "single or stack" }),
    root: z
      .string()
      .default(fileURLToPath(new URL("../../", import.meta.url)))
      .meta({ value: "DIR", description: "the checkout whose services are measured" }),
    deadline: wholeNumber({ min: 1, max: 3_600 })
      .prefault("60")
      .meta({ value: "S", description: "seconds after which a case counts as stuck" }),
  }),
} satisfies CommandLine;

const { shape, root, deadline } = commandLineOrExit(COMMAND);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const HEAD = ["case", "answers", "in", "out", "CPU s", "blocked s", "peak", "within bounds"];
const rows = await measureAll({ shape, root, deadlineMs: deadline * 1_000, onRow: tell });
process.stdout.write(`${formatTable(HEAD, rows.map(cellsOf), [0, 1, 7])}\n`);
const largest = Math.max(...rows.map(({ cost }) => cost.largestBytes));
process.stdout.write(`The largest process held ${inUnits(largest)} at its peak.\n`);
process.exit(rows.some(({ excesses }) => excesses.length > 0) ? 1 : 0);

function tell(row: Row): void {
  process.stderr.write(`${[cellsOf(row).join(" | "), ...row.excesses].join("\n    ")}\n`);
}

function cellsOf({ name, cost, excesses }: Row): string[] {
  return [
    name,
    [...cost.statuses].map(([status, count]) => `${count} × ${status || "none"}`).join(", "),
    inUnits(cost.bytesIn),
    inUnits(cost.bytesOut),
    cost.cpuSeconds.toFixed(1),
    (cost.blockedMs / 1_000).toFixed(1),
    `${Math.round(cost.peakBytes / 1e6)} MB`,
    cost.isStuck ? `no: stuck after ${deadline} s, or dead` : excesses.length === 0 ? "yes" : "no",
  ];
}

function inUnits(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
