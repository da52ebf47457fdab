import { AGE_BOUNDS_SECONDS } from "@tidemark/event-store/duplicates";
import type { DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { utcText } from "../schema/columns.ts";

/** The findings of one transaction, gathered event by event. The counts go into the books at its end. */
export interface BatchTotals {
  /** The time of the transaction. UTC, six digits of the second. */
  processedAt: string;
  maxNamed: number;
  dropped: DroppedDuplicate[];
  topics: Map<string, TopicCounts>;
  /** The duplicates of each source by age: the index of the first of `AGE_BOUNDS_SECONDS` that they keep to. */
  sources: Map<string, DuplicateCounts[]>;
  /** The number of positions that got a row in the ledger, for each generation of the log. */
  positions: Map<string, number>;
  /** The reason for each event that was refused. */
  refusals: Refusal[];
}

export interface TopicCounts {
  stored: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
}

interface DuplicateCounts {
  duplicates: number;
  conflicts: number;
}

export function createBatchTotals({ maxNamed }: { maxNamed: number }): BatchTotals {
  return {
    processedAt: utcText(Date.now()),
    maxNamed,
    dropped: [],
    topics: new Map(),
    sources: new Map(),
    positions: new Map(),
    refusals: [],
  };
}

/** Returns the counts of a topic, to be added to. */
export function topicCounts({ topics }: BatchTotals, topic: string): TopicCounts {
  let counts = topics.get(topic);
  if (counts === undefined) {
    counts = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
    topics.set(topic, counts);
  }
  return counts;
}

/** Returns the counts of a source's duplicates of one age, to be added to. */
export function sourceCounts({ sources }: BatchTotals, source: string, age: number): DuplicateCounts {
  let ages = sources.get(source);
  if (ages === undefined) {
    ages = Array.from({ length: AGE_BOUNDS_SECONDS.length + 1 }, () => ({ duplicates: 0, conflicts: 0 }));
    sources.set(source, ages);
  }
  return ages[age] as DuplicateCounts;
}

export function countPosition({ positions }: BatchTotals, generation: string): void {
  positions.set(generation, (positions.get(generation) ?? 0) + 1);
}

/** Prepares the last step of a transaction: adds the counts to the books. */
export function prepareWriteTotals(database: Database): (totals: BatchTotals) => void {
  const addToTopic = database.prepare<[string, number, number, number, number, string]>(
    `INSERT INTO topic_counters (topic, stored, duplicates, conflicts, dead_lettered, last_processed_at)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (topic) DO UPDATE SET
       stored = stored + excluded.stored,
       duplicates = duplicates + excluded.duplicates,
       conflicts = conflicts + excluded.conflicts,
       dead_lettered = dead_lettered + excluded.dead_lettered,
       last_processed_at = max(last_processed_at, excluded.last_processed_at)`,
  );
  const addToSource = database.prepare<[string, number, number, number]>(
    `INSERT INTO source_counters (source, age, duplicates, conflicts) VALUES (?, ?, ?, ?)
     ON CONFLICT (source, age) DO UPDATE SET
       duplicates = duplicates + excluded.duplicates, conflicts = conflicts + excluded.conflicts`,
  );
  const addToLog = database.prepare<[string, number]>(
    `INSERT INTO frame_counters (generation, frames) VALUES (?, ?)
     ON CONFLICT (generation) DO UPDATE SET frames = frames + excluded.frames`,
  );
  return ({ topics, sources, positions, processedAt }) => {
    for (const [topic, { stored, duplicates, conflicts, deadLettered }] of topics) {
      addToTopic.run(topic, stored, duplicates, conflicts, deadLettered, processedAt);
    }
    for (const [source, ages] of sources) {
      for (const [age, { duplicates, conflicts }] of ages.entries()) {
        if (duplicates > 0) addToSource.run(source, age, duplicates, conflicts);
      }
    }
    for (const [generation, frames] of positions) addToLog.run(generation, frames);
  };
}
