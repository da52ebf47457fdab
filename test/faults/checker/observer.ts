import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "../deployment/deployment.ts";
import { readResidentBytes } from "../deployment/process-table.ts";
import type { Tally } from "../load/tally.ts";
import { readStats, type Stats } from "./reader.ts";

/** The books at one moment of a run. */
export interface Sample {
  stats: Stats;
  /** The number of events in successful attempts before the books were read. */
  okCopiesBefore: number;
  /** The queue starts before and after the books were read, because a queue in memory may have ended in between. */
  queueStarts: [before: number, after: number];
}

export interface Observer {
  readonly samples: readonly Sample[];
  /** The peak memory seen of each service. */
  readonly peakBytes: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

const BOOKS_EVERY_MS = 250;
const MEMORY_EVERY_MS = 2_000;

/** Reads the books and the memory of the services repeatedly. */
export function startObserver(deployment: Deployment, tally: Tally): Observer {
  const samples: Sample[] = [];
  const peakBytes = new Map<string, number>();
  const stopping = new AbortController();

  const readBooks = async () => {
    const okCopiesBefore = tally.okCopies;
    const before = deployment.queueStarts();
    const stats = await readStats(deployment.queryUrl).catch(() => undefined);
    if (stats !== undefined) samples.push({ stats, okCopiesBefore, queueStarts: [before, deployment.queueStarts()] });
  };
  const readMemory = async () => {
    const names = new Map<number, string>();
    for (const component of deployment.components.values()) {
      const pid = component.servicePid();
      if (pid !== undefined) names.set(pid, component.name);
    }
    for (const [pid, bytes] of await readResidentBytes([...names.keys()])) {
      const name = names.get(pid) as string;
      peakBytes.set(name, Math.max(bytes, peakBytes.get(name) ?? 0));
    }
  };
  const repeat = async (look: () => Promise<void>, everyMs: number) => {
    while (!stopping.signal.aborted) {
      await look();
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const looking = [repeat(readBooks, BOOKS_EVERY_MS), repeat(readMemory, MEMORY_EVERY_MS)];
  return {
    samples,
    peakBytes,
    async stop() {
      stopping.abort();
      await Promise.all(looking);
    },
  };
}
