import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { judge } from "./checker.ts";
import { type Client, startClient } from "./client.ts";
import { drain, followReceipts, readSettledStats } from "./drain.ts";
import type { Evidence } from "./evidence.ts";
import { inflict } from "./inflict.ts";
import type { Judgement } from "./judgement.ts";
import { startObserver } from "./observer.ts";
import type { Fault, Step } from "./plan.ts";
import { signalAll } from "./process-table.ts";
import { listDropped, readAudit, walkEvents } from "./reader.ts";
import { recount } from "./recount.ts";
import { type Sabotage, sabotagedMains } from "./saboteurs/sabotage.ts";
import type { Scenario } from "./scenario.ts";
import type { Tally } from "./tally.ts";
import type { World } from "./world.ts";
import { openSingleWorld } from "./world-single.ts";
import { openStackWorld } from "./world-stack.ts";

export interface RunOptions extends Omit<Scenario, "name"> {
  seed: number;
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
  /** Each as it happened, by step. */
  survived: readonly Fault[][];
  /** What this machine did not let happen. */
  leftOut: readonly Fault[];
  /** Of the load, milliseconds. */
  ranMs: number;
  /** From the end of the load until nothing was queued any more. */
  drainedMs: number;
}

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

function openWorld({ shape, sabotage, logMaxBytes, ...options }: RunOptions, dir: string): Promise<World> {
  const diskMebibytes = sizeOfDisks(options);
  if (shape === "single") return openSingleWorld({ dir, diskMebibytes });
  return openStackWorld({ dir, diskMebibytes, logMaxBytes, mains: sabotagedMains(sabotage) });
}

const EMPTY_MEBIBYTES = 256;
const KIBIBYTES_PER_EVENT = 2;

/** Of disks that only the fault fills; undefined where no fault does: then data is where it usually is. */
function sizeOfDisks({ steps, durationMs, load }: Pick<RunOptions, "steps" | "durationMs" | "load">) {
  if (!steps.some(({ faults }) => faults.some(({ kind }) => kind === "disk full"))) return undefined;
  const events = (load.rate * durationMs) / 1_000;
  return EMPTY_MEBIBYTES + Math.ceil((events * KIBIBYTES_PER_EVENT) / 1024);
}

async function runIn(world: World, options: RunOptions): Promise<RunResult> {
  const { seed, load, durationMs } = options;
  const client = startClient({ urls: world.publishUrls, seed, load });
  const observer = startObserver(world, client.tally);
  const beganAtMs = performance.now();
  const happened = await inflictAll(world, client, options);
  await delay(Math.max(0, durationMs - (performance.now() - beganAtMs)));
  await client.stop();
  const endedAtMs = performance.now();
  await world.ready();

  const backlog = await drain(world);
  const drainedMs = performance.now() - endedAtMs;
  const gathered = await gather(world, client.tally, options);
  await observer.stop(); // last, for the walks are load as well
  const evidence = { ...gathered, samples: observer.samples, peakBytes: observer.peakBytes, backlog };
  return {
    ...happened,
    judgements: judge(evidence),
    evidence,
    tally: client.tally,
    programs: world.programs,
    ranMs: endedAtMs - beganAtMs,
    drainedMs,
  };
}

/** What there is to judge by, once nothing is queued. */
async function gather(world: World, { attempts, clockMs }: Tally, { seed, ...options }: RunOptions) {
  const { queryUrl } = world;
  return {
    attempts,
    receipts: await followReceipts(world, attempts, options.receiptsTimeoutMs),
    stats: await readSettledStats(queryUrl),
    audit: await readAudit(queryUrl),
    dropped: await listDropped(queryUrl),
    recount: await recount(walkEvents(queryUrl), { seed, clockMs }),
    endings: world.endings,
    redeliveries: await world.countRedeliveries(),
    demands: options,
  } satisfies Partial<Evidence>;
}

async function inflictAll(
  world: World,
  client: Client,
  { steps, onStep }: RunOptions,
): Promise<Pick<RunResult, "survived" | "leftOut">> {
  const survived: Fault[][] = [];
  const leftOut: Fault[] = [];
  for (const step of steps) {
    await delay(step.gapMs);
    onStep?.(step);
    const outcomes = await Promise.all(step.faults.map((fault) => inflict(world, client, fault)));
    survived.push(step.faults.filter((_, index) => outcomes[index]));
    leftOut.push(...step.faults.filter((_, index) => !outcomes[index]));
  }
  return { survived, leftOut };
}
