import { type CommandLine, decimal, listOf, oneOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";

const SHARED_OPTIONS = {
  rows: wholeNumber({ min: 10_000, max: 1e9 }).prefault("10000000").meta({
    value: "N",
    description: "rows of the large store",
  }),
  only: listOf(oneOf(["single", "stack"]))
    .prefault("single,stack")
    .meta({
      value: "SHAPES",
      description: "shapes to measure",
    }),
};

export const SCALE_COMMAND = {
  usage: "npm run bench:scale -- [options]",
  about: `Fills a store through POST /publish, a quarter of the events being duplicates, and compares it with a small store that runs
at the same time: ingest, /stats, pages at the start and at depth, events by id. Everything runs on this machine, in a
new folder under data/ that is removed afterwards (10 million rows need about 10 GB). Prints Markdown. Linux only.`,
  options: z.object({
    ...SHARED_OPTIONS,
    seconds: decimal({ min: 0.1, max: 3_600 })
      .prefault("5")
      .meta({ value: "S", description: "duration of each ingest" }),
    save: z.boolean().default(false).meta({ description: "writes load/results-scale.md as well" }),
  }),
} satisfies CommandLine;

export const EXPORT_COMMAND = {
  usage: "node load/scale/export.ts [options]",
  about: `Fills a store, restarts the services and exports all of it. Measures the peak memory of the process that answers: with
a fast reader, with a reader that takes 1 MB/s, and with a reader that takes nothing. Linux only.`,
  options: z.object({
    ...SHARED_OPTIONS,
    seconds: decimal({ min: 0.1, max: 3_600 }).prefault("5").meta({
      value: "S",
      description: "duration of the two slow readers",
    }),
  }),
} satisfies CommandLine;
