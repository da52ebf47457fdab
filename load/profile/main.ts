import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { formatTable } from "../figures/table.ts";
import { type CpuProfile, readProfile, type Spent } from "./profile.ts";

/** Prints where a CPU profile says the time went: `npm run bench:profile -- FILE...`, files of `npm run bench -- --profile DIR`. */

const FUNCTIONS_SHOWN = 25;
const PLACES_SHOWN = 12;
const MICROS_A_MS = 1_000;

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write("Usage: npm run bench:profile -- FILE...\n");
  process.exit(2);
}
for (const file of files) {
  const { functions, places } = readProfile(JSON.parse(await readFile(file, "utf8")) as CpuProfile);
  process.stdout.write(`## ${basename(file)}\n\n${format("where", places.slice(0, PLACES_SHOWN))}\n\n`);
  process.stdout.write(`${format("function", functions.slice(0, FUNCTIONS_SHOWN))}\n\n`);
}

function format(what: string, spent: Spent[]): string {
  const rows = spent.map(({ name, micros, share }) => [
    name,
    Math.round(micros / MICROS_A_MS).toString(),
    `${(share * 100).toFixed(1)} %`,
  ]);
  return formatTable([what, "ms", "of busy time"], rows);
}
