import { setTimeout as delay } from "node:timers/promises";
import { readResidentBytes } from "./process-table.ts";
import { readStats, type Stats } from "./reader.ts";
import type { Tally } from "./tally.ts";
import type { World } from "./world.ts";

/** The books at one moment of the run. */
export interface Sample {
  stats: Stats;
  /** Copies that had been answered ok before the books were asked for. */
  okCopiesBefore: number;
  /** Before and after: a queue in memory may have ended in between. */
  lives: [before: number, after: number];
}

export interface Observer {
  readonly samples: readonly Sample[];
  /** The most memory that each service was seen to hold. */
  readonly peakBytes: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

const BOOKS_EVERY_MS = 250;
const MEMORY_EVERY_MS = 2_000;

/** Asks for the books, and looks at the memory, all the time. */
export function startObserver(world: World, tally: Tally): Observer {
  const samples: Sample[] = [];
  const peakBytes = new Map<string, number>();
  const stopping = new AbortController();

  const readBooks = async () => {
    const okCopiesBefore = tally.okCopies;
    const before = world.lives();
    const stats = await readStats(world.queryUrl).catch(() => undefined);
    if (stats !== undefined) samples.push({ stats, okCopiesBefore, lives: [before, world.lives()] });
  };
  const readMemory = async () => {
    const names = new Map<number, string>();
    for (const part of world.parts.values()) {
      const pid = part.servicePid();
      if (pid !== undefined) names.set(pid, part.name);
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
