import { measureLoad } from "../bench/measure-load.ts";
import { DUPLICATE_RATE } from "../bench/round.ts";
import { median } from "../figures/figures.ts";
import type { Loader } from "../loader/start-loader.ts";
import type { Filled } from "./fill.ts";
import { measureRead, prepareReads } from "./reads.ts";

/** A figure of the small store and of the large store. */
export interface Compared {
  name: string;
  unit: string;
  small: number;
  large: number;
}

const ROUNDS = 5;
const INGEST_ROUNDS = 3;
const READS_A_ROUND = 60;
const DEPTH = 1_000_000;

/** Measures the same reads on both stores in turns, so that other work on the machine affects both. Returns medians. */
export async function compareReads(small: Filled, large: Filled): Promise<Compared[]> {
  const ofSmall = await prepareReads(small, DEPTH);
  const ofLarge = await prepareReads(large, DEPTH);
  const compared: Compared[] = [];
  for (const [index, read] of ofLarge.entries()) {
    const spent = { small: [] as number[], large: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      spent.small.push(await measureRead(small, ofSmall[index] ?? read, READS_A_ROUND));
      spent.large.push(await measureRead(large, read, READS_A_ROUND));
    }
    compared.push({ name: read.name, unit: "ms", small: median(spent.small), large: median(spent.large) });
  }
  return compared;
}

/** Measures ingest on both stores in turns. It comes last, because the small store grows. */
export async function compareIngest(
  loader: Loader,
  small: Filled,
  large: Filled,
  seconds: number,
): Promise<Compared[]> {
  const perSecond = { small: [] as number[], large: [] as number[] };
  const load = { eventsPerRequest: 100, connections: 32, duplicateRate: DUPLICATE_RATE, seconds };
  const measure = async ({ product }: Filled) =>
    (await measureLoad(loader, product, load)).figures.committedPerSecond ?? Number.NaN;
  for (let round = 0; round < INGEST_ROUNDS; round++) {
    perSecond.small.push(await measure(small));
    perSecond.large.push(await measure(large));
  }
  return [
    {
      name: "ingest, 100 a request, 32 connections",
      unit: "events/s",
      small: median(perSecond.small),
      large: median(perSecond.large),
    },
  ];
}
