import { waitFor } from "@tidemark/test-support/wait-for";
import type { HostileCase } from "./cases.ts";
import { exchange, longestAnswerMs } from "./client.ts";
import { cpuSeconds, memoryBytes, resetPeak } from "./process-cost.ts";
import type { Target } from "./target.ts";

/** The costs of a case to a deployment. */
export interface Cost {
  /** The number of answers of each status. 0 stands for no answer. */
  statuses: Map<number, number>;
  bytesIn: number;
  bytesOut: number;
  /** The number of bytes that the deployment had to read, after decompression, up to the limit of decompression. */
  readBytes: number;
  /** The processor time of all processes, including the database. */
  cpuSeconds: number;
  /** The longest time in which the process that serves `/publish` did not answer `/livez`. */
  blockedMs: number;
  /** The growth of memory until the peak, of the process in which it was largest. */
  peakBytes: number;
  /** The memory that the largest process held at its peak. */
  largestBytes: number;
  /** Whether the deployment did not finish its work in time, or a process of it ended. It cannot be used further. */
  isStuck: boolean;
}

const MAX_EXPANSION = 100;
const ANY_EXPANSION_BYTES = 1024 * 1024;

/**
 * Sends the requests of a case at the same time, and measures until the deployment has stored all events that it
 * accepted.
 */
export async function measure(target: Target, hostile: HostileCase, deadlineMs: number): Promise<Cost> {
  const deadline = AbortSignal.timeout(deadlineMs);
  for (const request of hostile.prepare ?? []) await exchange(target.publishUrl, request, deadline);
  await isAtRest(target, deadlineMs);
  for (const pid of target.pids) resetPeak(pid);
  const memoryBefore = target.pids.map((pid) => memoryBytes(pid, "VmRSS"));
  const cpuBefore = totalCpu(target);
  const probing = new AbortController();
  const blocked = longestAnswerMs(target.publishUrl, probing.signal);

  const baseUrl = (path: string) => (path === "/publish" ? target.publishUrl : target.readUrl);
  const outcomes = await Promise.all(
    hostile.requests.map((request) => exchange(baseUrl(request.path), request, deadline)),
  );
  const isStuck = !(await isAtRest(target, deadlineMs));

  probing.abort();
  const statuses = new Map<number, number>();
  for (const { status } of outcomes) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const peaks = target.pids.map((pid) => memoryBytes(pid, "VmHWM"));
  const growths = peaks.map((peak, index) => peak - (memoryBefore[index] ?? 0));
  const readBytes = hostile.requests.map(({ body, bodyBytes }) =>
    Math.min(bodyBytes, Math.max(ANY_EXPANSION_BYTES, MAX_EXPANSION * body.length)),
  );
  return {
    statuses,
    bytesIn: sum(outcomes.map(({ bytesIn }) => bytesIn)),
    bytesOut: sum(outcomes.map(({ bytesOut }) => bytesOut)),
    readBytes: sum(readBytes),
    cpuSeconds: totalCpu(target) - cpuBefore,
    blockedMs: await blocked,
    peakBytes: Math.max(0, ...growths),
    largestBytes: Math.max(...peaks),
    isStuck,
  };
}

function totalCpu({ pids, databasePid }: Target): number {
  const all = databasePid === undefined ? pids : [...pids, databasePid];
  return all.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

/** Waits until all accepted events are stored. Returns false after the time limit, or if a process has ended. */
async function isAtRest({ readUrl, pids }: Target, timeoutMs: number): Promise<boolean> {
  const look = async () => {
    if (pids.some((pid) => memoryBytes(pid, "VmRSS") === 0)) return "a process has ended";
    const answer = await fetch(`${readUrl}/stats`, { signal: AbortSignal.timeout(timeoutMs) });
    const { queue_size } = (await answer.json()) as { queue_size: number | null };
    return queue_size === 0 && "at rest";
  };
  try {
    return (await waitFor("all accepted events to be stored", look, { timeoutMs })) === "at rest";
  } catch {
    return false;
  }
}
