import type { DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import { AGE_COLUMNS, utcText } from "../schema/columns.ts";
import type { ComparedHashes } from "./compare.ts";

/** The findings of one transaction, gathered event by event. The counts go into the books at its end. */
export interface BatchTotals {
  /** The time of the transaction. UTC, six digits of the second. */
  processedAt: string;
  maxNamed: number;
  dropped: DroppedDuplicate[];
  topics: Map<string, TopicCounts>;
  /** The duplicates of each source. */
  sources: Map<string, SourceCounts>;
  /** The frames of each generation of the log. */
  generations: Map<string, GenerationCounts>;
  comparedHashes: ComparedHashes;
  /** The reason for each event that was refused. */
  refusals: Refusal[];
}

export interface TopicCounts {
  stored: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
}

export interface SourceCounts {
  duplicates: number;
  conflicts: number;
  /** The numbers of duplicates by age: one for each of `AGE_BOUNDS_SECONDS`, and one for later duplicates. */
  ages: number[];
}

interface GenerationCounts {
  /** The number of positions that got a row in the ledger. */
  frames: number;
  /** The number of events of the frames that are new in the ledger. */
  events: number;
}

export function createBatchTotals({ maxNamed }: { maxNamed: number }): BatchTotals {
  return {
    processedAt: utcText(Date.now()),
    maxNamed,
    dropped: [],
    topics: new Map(),
    sources: new Map(),
    generations: new Map(),
    comparedHashes: new Map(),
    refusals: [],
  };
}

/** Returns the counts of a topic, to which the caller adds. */
export function topicCounts({ topics }: BatchTotals, topic: string): TopicCounts {
  let counts = topics.get(topic);
  if (counts === undefined) {
    counts = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
    topics.set(topic, counts);
  }
  return counts;
}

/** Returns the counts of a source's duplicates, to which the caller adds. */
export function sourceCounts({ sources }: BatchTotals, source: string): SourceCounts {
  let counts = sources.get(source);
  if (counts === undefined) {
    counts = { duplicates: 0, conflicts: 0, ages: AGE_COLUMNS.map(() => 0) };
    sources.set(source, counts);
  }
  return counts;
}

/** Counts a position of the log that gets a row in the ledger. `events` is 0 for a frame that the ledger knows. */
export function countPosition({ generations }: BatchTotals, generation: string, events: number): void {
  const counts = generations.get(generation) ?? { frames: 0, events: 0 };
  generations.set(generation, { frames: counts.frames + 1, events: counts.events + events });
}
