import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CheckResult } from "./checker/check.ts";
import { checkRun } from "./checker/checker.ts";
import { drain, followReceipts, readSettledStats } from "./checker/drain.ts";
import type { Observations } from "./checker/observations.ts";
import { startObserver } from "./checker/observer.ts";
import { listDropped, readAudit, walkEvents } from "./checker/reader.ts";
import { recount } from "./checker/recount.ts";
import type { Deployment } from "./deployment/deployment.ts";
import { signalAll } from "./deployment/process-table.ts";
import { openSingleDeployment } from "./deployment/single-deployment.ts";
import { openStackDeployment } from "./deployment/stack-deployment.ts";
import { type Client, startClient } from "./load/client.ts";
import type { Tally } from "./load/tally.ts";
import { type Sabotage, sabotagedMains } from "./saboteurs/sabotage.ts";
import { injectFault } from "./schedule/inject-fault.ts";
import type { Scenario } from "./schedule/scenario.ts";
import type { Fault, Step } from "./schedule/schedule.ts";

export interface RunOptions extends Omit<Scenario, "name"> {
  seed: number;
  sabotage?: Sabotage | undefined;
  /** The folder of data and logs. Default: a temporary folder that is removed after the run. */
  dir?: string | undefined;
  /** The time that receipts may take once the queue is empty. */
  receiptsTimeoutMs?: number | undefined;
  /** The time that the queue may take to become empty. */
  drainTimeoutMs?: number | undefined;
  /** Called at the beginning of each step. */
  onStep?: (step: Step) => void;
}

export interface RunResult {
  results: CheckResult[];
  observations: Observations;
  tally: Tally;
  /** Programs that ran beside Tidemark, with their versions. */
  programs: readonly string[];
  /** The faults that were injected, by step. */
  survived: readonly Fault[][];
  /** The faults that this machine did not allow. */
  leftOut: readonly Fault[];
  /** The duration of the load in milliseconds. */
  ranMs: number;
  /** The time from the end of the load until the queue was empty. */
  drainedMs: number;
}

/** Runs the load and the faults, waits until the queue is empty, and checks every promise. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "tidemark-faults-")));
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755); // if this process is root, PostgreSQL runs as another user
  const deployment = await openDeployment(options, dir);
  const killServices = () => signalAll(servicePids(deployment), "SIGKILL"); // a frozen process reacts to no other signal
  process.once("exit", killServices);
  try {
    await deployment.ready();
    return await runIn(deployment, options);
  } finally {
    process.off("exit", killServices);
    await deployment.close();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }
}

function servicePids({ components }: Deployment): number[] {
  return [...components.values()].map((component) => component.servicePid()).filter((pid) => pid !== undefined);
}

function openDeployment({ shape, sabotage, logMaxBytes, ...options }: RunOptions, dir: string): Promise<Deployment> {
  const diskMebibytes = sizeOfDisks(options);
  if (shape === "single") return openSingleDeployment({ dir, diskMebibytes });
  return openStackDeployment({ dir, diskMebibytes, logMaxBytes, mains: sabotagedMains(sabotage) });
}

const EMPTY_MEBIBYTES = 256;
const KIBIBYTES_PER_EVENT = 2;

/** Returns the size of disks that only the fault `disk full` fills; undefined if no step has that fault. */
function sizeOfDisks({ steps, durationMs, load }: Pick<RunOptions, "steps" | "durationMs" | "load">) {
  if (!steps.some(({ faults }) => faults.some(({ kind }) => kind === "disk full"))) return undefined;
  const events = (load.rate * durationMs) / 1_000;
  return EMPTY_MEBIBYTES + Math.ceil((events * KIBIBYTES_PER_EVENT) / 1024);
}

async function runIn(deployment: Deployment, options: RunOptions): Promise<RunResult> {
  const { seed, load, durationMs } = options;
  const client = startClient({ urls: deployment.publishUrls, seed, load });
  const observer = startObserver(deployment, client.tally);
  const beganAtMs = performance.now();
  const happened = await injectAll(deployment, client, options);
  await delay(Math.max(0, durationMs - (performance.now() - beganAtMs)));
  await client.stop();
  const endedAtMs = performance.now();
  await deployment.ready();

  const backlog = await drain(deployment, options.drainTimeoutMs);
  const drainedMs = performance.now() - endedAtMs;
  const gathered = await gather(deployment, client.tally, { ...options, isDrained: backlog === undefined });
  await observer.stop(); // this comes last, because the scans above are load as well
  const observations = { ...gathered, samples: observer.samples, peakBytes: observer.peakBytes, backlog };
  return {
    ...happened,
    results: checkRun(observations),
    observations,
    tally: client.tally,
    programs: deployment.programs,
    ranMs: endedAtMs - beganAtMs,
    drainedMs,
  };
}

/** Collects observations once the queue is empty, or did not become empty in time. */
async function gather(
  deployment: Deployment,
  { attempts, clockMs, burdens }: Tally,
  { seed, isDrained, ...options }: RunOptions & { isDrained: boolean },
) {
  const { queryUrl } = deployment;
  const settling = isDrained ? {} : { timeoutMs: 0 }; // the books do not settle while events are queued
  const isEachConfirmationHeard =
    !options.steps.some(({ faults }) => faults.some(strikesGateway)) &&
    attempts.every(({ answer }) => answer !== "503 outcome_unknown");
  return {
    isEachConfirmationHeard,
    attempts,
    receipts: await followReceipts(deployment, attempts, options.receiptsTimeoutMs),
    stats: await readSettledStats(queryUrl, { isEachConfirmationHeard, ...settling }),
    audit: await readAudit(queryUrl),
    dropped: await listDropped(queryUrl),
    recount: await recount(walkEvents(queryUrl), { seed, clockMs, burdens }),
    endings: deployment.endings,
    redeliveries: await deployment.countRedeliveries(),
    requirements: options,
  } satisfies Partial<Observations>;
}

/**
 * Whether a gateway may die before it has reported a confirmation, or may not receive it. In single, the queue ends
 * with the gateway.
 */
function strikesGateway({ target }: Fault): boolean {
  return /^(gateway|nats)/.test(target);
}

async function injectAll(
  deployment: Deployment,
  client: Client,
  { steps, onStep }: RunOptions,
): Promise<Pick<RunResult, "survived" | "leftOut">> {
  const survived: Fault[][] = [];
  const leftOut: Fault[] = [];
  for (const step of steps) {
    await delay(step.gapMs);
    onStep?.(step);
    const outcomes = await Promise.all(step.faults.map((fault) => injectFault(deployment, client, fault)));
    survived.push(step.faults.filter((_, index) => outcomes[index]));
    leftOut.push(...step.faults.filter((_, index) => !outcomes[index]));
  }
  return { survived, leftOut };
}
