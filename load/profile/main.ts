import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type CommandLine, commandLineOrExit, decimal } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { formatTable } from "../../tools/markdown-table.ts";
import { type CpuProfile, readProfile, type Spent } from "./profile.ts";

const PROFILE_COMMAND = {
  usage: "npm run bench:profile -- [options] FILE...",
  about: "Prints where the time went according to CPU profiles: files that npm run bench -- --profile DIR has written.",
  options: z.object({
    operands: z.array(z.string()).min(1, "name at least one file"),
    skip: decimal({ min: 0, max: 86_400 }).prefault("5").meta({
      value: "S",
      description: "seconds to leave out at the beginning, while a service starts",
    }),
  }),
} satisfies CommandLine;

const FUNCTIONS_SHOWN = 25;
const PLACES_SHOWN = 12;
const MICROS_A_MS = 1_000;

const { operands: files, skip } = commandLineOrExit(PROFILE_COMMAND);
for (const file of files) {
  const profile = JSON.parse(await readFile(file, "utf8")) as CpuProfile;
  const { functions, places } = readProfile(profile, skip * 1e6);
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
