import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { LoadOrder, LoadResult } from "../loader/load-run.ts";
import type { Loader } from "../loader/start-loader.ts";
import { readCpuMicros, readPeakBytes, resetPeaks, usedBetween } from "./process-usage.ts";
import { type Books, countVerdicts, type Product, readBooks, readSettledBooks } from "./product.ts";

export interface LoadCase {
  connections: number;
  eventsPerRequest: number;
  duplicateRate: number;
  seconds?: number;
  events?: number;
  /** The run whose events are sent again. */
  again?: { runId: string; made: number };
}

/** Figures by name, so that several rounds have a median of each. */
export type Figures = Record<string, number>;

export interface MeasuredLoad {
  figures: Figures;
  runId: string;
  made: number;
}

/**
 * The pause before processor time is read, which is counted in ticks of 10 ms. The last acknowledgements are sent
 * meanwhile.
 */
const SETTLE_MS = 200;
const WARM_UP_SECONDS = 0.7;

export function makeRunId(): string {
  return randomBytes(3).toString("hex");
}

function orderOf({ again, ...load }: LoadCase, urls: string[]): LoadOrder {
  return { ...load, urls, runId: again?.runId ?? makeRunId(), ...(again && { made: again.made }) };
}

/** Measures a bare HTTP server, which keeps no books. */
export async function measureEcho(loader: Loader, url: string, load: LoadCase): Promise<Figures> {
  await loader.run({ ...orderOf(load, [url]), seconds: WARM_UP_SECONDS });
  return figuresOf(await loader.run(orderOf(load, [url])));
}

/**
 * Loads a deployment after a short warm-up, and compares its answers with its books.
 *
 * @throws {Error} if answers and books differ, because figures of a service that miscounts are worthless
 */
export async function measureLoad(loader: Loader, product: Product, load: LoadCase): Promise<MeasuredLoad> {
  if (load.again === undefined) await loader.run({ ...orderOf(load, product.publishUrls), ...WARM_UP });
  const before = await readSettledBooks(product);
  await delay(SETTLE_MS);
  const order = orderOf(load, product.publishUrls);
  resetPeaks();
  const cpuBefore = readCpuMicros();
  const startedAt = performance.now();
  const result = await loader.run(order);
  const atEnd = await readBooks(product);
  const spentMs = performance.now() - startedAt;
  const after = await readSettledBooks(product);
  const committed = countVerdicts(after) - countVerdicts(before);
  checkTally(result, before, after);
  const cpu = usedBetween(cpuBefore, readCpuMicros());
  const figures = figuresOf(result);
  figures.committedPerSecond = perSecond(
    countVerdicts(atEnd) - countVerdicts(before),
    result.pending > 0 ? spentMs : result.elapsedMs,
  );
  for (const [part, micros] of Object.entries(cpu)) {
    if (part !== "echo" && isPartOf(product, part)) figures[`cpu ${part}`] = micros / committed;
  }
  for (const [part, bytes] of Object.entries(readPeakBytes())) {
    if (isPartOf(product, part)) figures[`memory ${part}`] = bytes;
  }
  return { figures, runId: order.runId, made: result.made };
}

const WARM_UP = { seconds: WARM_UP_SECONDS, events: 200_000 };

function isPartOf({ shape }: Product, part: string): boolean {
  return shape === "single" ? part === "single" : part !== "single" && part !== "echo";
}

function figuresOf(result: LoadResult): Figures {
  const { elapsedMs, requests, received, statuses, pending, latencyMs, cpuMicros } = result;
  const refused = Object.entries(statuses).reduce(
    (sum, [status, count]) => sum + (Number(status) >= 300 ? count : 0),
    0,
  );
  return {
    requestsPerSecond: perSecond(requests - refused, elapsedMs),
    answeredPerSecond: perSecond(received, elapsedMs),
    refused,
    pending,
    ...latencyMs,
    loaderCpuShare: cpuMicros / 1_000 / elapsedMs,
  };
}

function perSecond(count: number, elapsedMs: number): number {
  return (count / elapsedMs) * 1_000;
}

function checkTally(result: LoadResult, before: Books, after: Books): void {
  const inBooks = {
    received: after.received - before.received,
    unique: after.unique - before.unique,
    duplicates: after.duplicates - before.duplicates,
  };
  const { received, accepted, duplicates, pending, statuses } = result;
  // After an answer with an unknown outcome the events may be stored or not.
  if (Object.keys(statuses).some((status) => Number(status) >= 300)) return;
  const isRight =
    inBooks.received === received && inBooks.unique >= accepted && inBooks.unique + inBooks.duplicates === received;
  const isExact = pending > 0 || (inBooks.unique === accepted && inBooks.duplicates === duplicates);
  if (!isRight || !isExact) {
    throw new Error(`answers and books disagree: ${JSON.stringify({ answers: result, books: inBooks })}`);
  }
}
