import { makeRunId } from "../bench/measure-load.ts";
import { type ByPart, readPeakBytes, resetPeaks } from "../bench/process-usage.ts";
import { type Product, readSettledBooks } from "../bench/product.ts";
import { DUPLICATE_RATE } from "../bench/round.ts";
import type { Loader } from "../loader/start-loader.ts";

/** A store that holds the events of one run, numbered from 0. */
export interface Filled {
  product: Product;
  runId: string;
  rows: number;
}

export interface FillStep {
  rows: number;
  committedPerSecond: number;
  peakBytes: ByPart;
}

const LOAD = { eventsPerRequest: 100, connections: 32, duplicateRate: DUPLICATE_RATE };

/**
 * Sends events to POST /publish until this number is stored, and reports speed and memory after each of `steps` steps.
 */
export async function fill(
  loader: Loader,
  product: Product,
  { rows, steps }: { rows: number; steps: number },
  tell: (step: FillStep) => void,
): Promise<Filled> {
  const runId = makeRunId();
  let made = 0;
  for (let step = 1; step <= steps; step++) {
    const events = Math.ceil(((rows * step) / steps - made) / (1 - DUPLICATE_RATE));
    resetPeaks();
    const result = await loader.run({ ...LOAD, urls: product.publishUrls, runId, made, events });
    const stored = (await readSettledBooks(product)).unique;
    made = result.made;
    if (stored !== made) throw new Error(`${made} different events were sent and ${stored} are stored`);
    const committedPerSecond = (result.received / result.elapsedMs) * 1_000;
    tell({ rows: stored, committedPerSecond, peakBytes: readPeakBytes() });
  }
  return { product, runId, rows: made };
}
