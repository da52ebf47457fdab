import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../figures/table.ts";
import { type CpuProfile, readProfile, type Spent } from "./profile.ts";

const USAGE = `Usage: npm run bench:profile -- [--skip S] FILE...

Prints where CPU profiles say the time went: files that npm run bench -- --profile DIR has left. The first S seconds (default
5), in which a service starts, are left out.
`;

const FUNCTIONS_SHOWN = 25;
const PLACES_SHOWN = 12;
const MICROS_A_MS = 1_000;

const { values, positionals } = parseArgs({
  options: { skip: { type: "string", default: "5" }, help: { type: "boolean", short: "h", default: false } },
  allowPositionals: true,
});
const skipMicros = Number(values.skip) * 1e6;
if (values.help || positionals.length === 0 || !(skipMicros >= 0)) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
for (const file of positionals) {
  const profile = JSON.parse(await readFile(file, "utf8")) as CpuProfile;
  const { functions, places } = readProfile(profile, skipMicros);
  process.stdout.write(`## ${basename(dirname(file))}, ${basename(file)}\n\n`);
  process.stdout.write(`${format("where", places.slice(0, PLACES_SHOWN))}\n\n`);
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
