import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../support/wait-for.ts";
import { judge } from "./checker.ts";
import { type Client, startClient } from "./client.ts";
import type { Evidence } from "./evidence.ts";
import { inflict } from "./inflict.ts";
import type { Judgement } from "./judgement.ts";
import { startObserver } from "./observer.ts";
import type { Shape, Step } from "./plan.ts";
import { signalAll } from "./process-table.ts";
import { readReceipt, readStats, walkEvents } from "./reader.ts";
import { recount } from "./recount.ts";
import { type Sabotage, sabotagedMain } from "./saboteurs/sabotage.ts";
import type { AnswerCounts, Tally } from "./tally.ts";
import type { World } from "./world.ts";
import { openSingleWorld } from "./world-single.ts";
import { openStackWorld } from "./world-stack.ts";

export interface RunOptions {
  shape: Shape;
  seed: number;
  steps: readonly Step[];
  /** How long the load goes on at least. */
  durationMs: number;
  /** Events a second, about. */
  rate: number;
  sabotage?: Sabotage | undefined;
  /** Where data and logs stay; a folder that goes with the run when it is missing. */
  dir?: string | undefined;
  /** How long the receipts may take once the queue is empty. */
  receiptsTimeoutMs?: number | undefined;
  /** Told of each step. */
  onStep?: (step: Step) => void;
}

export interface RunResult {
  judgements: Judgement[];
  evidence: Evidence;
  tally: Tally;
  /** What ran, beside Tidemark. */
  programs: readonly string[];
  /** Of the load, milliseconds. */
  ranMs: number;
}

const DRAIN_TIMEOUT_MS = 120_000;
const RECEIPTS_TIMEOUT_MS = 60_000;

/** Runs the load and the faults, waits for the backlog, and judges. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "tidemark-faults-")));
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755); // under root PostgreSQL runs as another user
  const world = await openWorld(options, dir);
  const killServices = () => signalAll(servicePids(world), "SIGKILL"); // a frozen one hears nothing else
  process.once("exit", killServices);
  try {
    await world.ready();
    return await runIn(world, options);
  } finally {
    process.off("exit", killServices);
    await world.close();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }
}

function servicePids({ parts }: World): number[] {
  return [...parts.values()].map((part) => part.servicePid()).filter((pid) => pid !== undefined);
}

function openWorld({ shape, sabotage }: RunOptions, dir: string): Promise<World> {
  if (shape === "single") return openSingleWorld({ dir });
  return openStackWorld({ dir, ...(sabotage === undefined ? {} : { consumerMain: sabotagedMain(sabotage) }) });
}

async function runIn(world: World, options: RunOptions): Promise<RunResult> {
  const { seed, rate, durationMs } = options;
  const client = startClient({ urls: world.publishUrls, seed, rate });
  const observer = startObserver(world, client.tally);
  const beganAtMs = performance.now();
  await inflictAll(world, client, options);
  await delay(Math.max(0, durationMs - (performance.now() - beganAtMs)));
  const ranMs = performance.now() - beganAtMs;
  await client.stop();
  await world.ready();

  const { tally } = client;
  const receipts = new Map<string, AnswerCounts | undefined>();
  const backlog = await drain(world, tally, receipts, options).then(
    () => undefined,
    (error: Error) => error.message,
  );
  await observer.stop();
  const evidence: Evidence = {
    attempts: tally.attempts,
    receipts,
    stats: await readStats(world.queryUrl),
    recount: await recount(walkEvents(world.queryUrl), { seed, clockMs: tally.clockMs }),
    samples: observer.samples,
    endings: world.endings,
    peakBytes: observer.peakBytes,
    backlog,
  };
  return { judgements: judge(evidence), evidence, tally, programs: world.programs, ranMs };
}

async function inflictAll(world: World, client: Client, { steps, onStep }: RunOptions): Promise<void> {
  for (const step of steps) {
    await delay(step.gapMs);
    onStep?.(step);
    await Promise.all(step.faults.map((fault) => inflict(world, client, fault)));
  }
}

/** Waits until the queue is empty and every receipt is judged. */
async function drain(
  world: World,
  tally: Tally,
  receipts: Map<string, AnswerCounts | undefined>,
  { receiptsTimeoutMs = RECEIPTS_TIMEOUT_MS }: RunOptions,
): Promise<void> {
  const isEmpty = async () => {
    const { queue_size: queued, received } = await readStats(world.queryUrl);
    if (queued !== 0) throw new Error(`${queued} of ${received} events queued`);
    return true;
  };
  await waitFor("the queue to be empty", isEmpty, { timeoutMs: DRAIN_TIMEOUT_MS, intervalMs: 250 }).finally(
    async () => {
      const deadline = Date.now() + receiptsTimeoutMs;
      for (const { receipt } of tally.attempts) {
        if (receipt !== undefined) receipts.set(receipt, await followReceipt(world, receipt, deadline));
      }
    },
  );
}

/** A receipt's counts: judged, or what they are when the time is up. */
async function followReceipt(world: World, receipt: string, deadline: number): Promise<AnswerCounts | undefined> {
  const ask = () => readReceipt(world.queryUrl, receipt).catch(() => undefined);
  const judged = async () => {
    const counts = await ask();
    return counts?.pending === 0 && counts;
  };
  const timeoutMs = Math.max(0, deadline - Date.now());
  return waitFor("the receipt to be judged", judged, { timeoutMs, intervalMs: 250 }).catch(ask);
}
