import { type CommandLine, decimal, listOf, oneOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";

export interface Load {
  eventsPerRequest: number;
  connections: number;
}

export const BENCH_COMMAND = {
  usage: "npm run bench -- [options]",
  about: `Measures Tidemark and the programs it is built on in turns, in one run: the disk, raw inserts into the same tables and
a bare Fastify, then single and the stack under the same stream of events, a quarter of which are duplicates. Everything
runs on this machine, in a new folder under data/ that is removed afterwards. Prints Markdown. Linux only.`,
  options: z.object({
    only: listOf(oneOf(["single", "stack", "ceilings"]))
      .prefault("single,stack,ceilings")
      .meta({
        value: "PARTS",
        description: "parts to measure",
      }),
    seconds: decimal({ min: 0.1, max: 3_600 }).optional().meta({
      value: "S",
      description: "duration of each load (default 5)",
    }),
    rounds: wholeNumber({ min: 1, max: 99 }).prefault("1").meta({
      value: "N",
      description: "rounds, each with new processes; the report shows medians",
    }),
    sizes: listOf(wholeNumber({ min: 1, max: 10_000 }))
      .optional()
      .meta({
        value: "LIST",
        description: "events per request (default 1,10,100,500)",
      }),
    connections: listOf(wholeNumber({ min: 1, max: 10_000 }))
      .optional()
      .meta({
        value: "LIST",
        description: "connections for every size (default 32, and 256 for requests of up to 10 events)",
      }),
    gateways: wholeNumber({ min: 1, max: 16 }).prefault("1").meta({ value: "N", description: "gateways of the stack" }),
    consumers: wholeNumber({ min: 1, max: 16 })
      .prefault("1")
      .meta({ value: "N", description: "consumers of the stack" }),
    against: z.string().optional().meta({
      value: "COMMIT",
      description: "measures single and the stack of this commit as well, in turns, and prints the ratios",
    }),
    quick: z.boolean().default(false).meta({
      description: "one second per load, sizes 1 and 100, 32 connections: shows that the bench works",
    }),
    profile: z.string().optional().meta({
      value: "DIR",
      description: "writes CPU profiles of the services into this folder; npm run bench:profile -- DIR/*/* reads them",
    }),
    save: z.boolean().default(false).meta({ description: "writes load/results.md as well" }),
  }),
} satisfies CommandLine;

export type BenchOptions = z.output<typeof BENCH_COMMAND.options>;

const FEW_EVENTS = 10;

export function loadSeconds({ seconds, quick }: BenchOptions): number {
  return seconds ?? (quick ? 1 : 5);
}

/**
 * Combines sizes and connections. By default only small requests use many connections: large ones would have more bytes
 * in flight than any service accepts.
 */
export function loadsOf({ sizes, connections, quick }: BenchOptions): Load[] {
  const chosenSizes = sizes ?? (quick ? [1, 100] : [1, 10, 100, 500]);
  const chosenConnections = connections ?? (quick ? [32] : undefined);
  return (chosenConnections ?? [32, 256]).flatMap((each) =>
    chosenSizes
      .filter((size) => chosenConnections !== undefined || each === 32 || size <= FEW_EVENTS)
      .map((eventsPerRequest) => ({ eventsPerRequest, connections: each })),
  );
}
