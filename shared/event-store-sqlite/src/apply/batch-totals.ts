import { AGE_BOUNDS_SECONDS } from "@tidemark/event-store/duplicates";
import type { DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";

/** What one transaction gathers on its way through events. */
export interface Pass {
  /** UTC, six digits of the second. */
  processedAt: string;
  maxNamed: number;
  dropped: DroppedDuplicate[];
  topics: Map<string, TopicCounts>;
  /** The copies of each source, by age: which of `AGE_BOUNDS_SECONDS` they came within. */
  sources: Map<string, CopyCounts[]>;
  /** How many places of each log, by its incarnation, got a row in the ledger. */
  places: Map<string, number>;
  /** Why each event is that was refused. */
  refusals: Refusal[];
}

export interface TopicCounts {
  stored: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
}

interface CopyCounts {
  duplicates: number;
  conflicts: number;
}

export function startPass({ maxNamed }: { maxNamed: number }): Pass {
  return {
    processedAt: sixDigits(Date.now()),
    maxNamed,
    dropped: [],
    topics: new Map(),
    sources: new Map(),
    places: new Map(),
    refusals: [],
  };
}

export function countsOf(pass: Pass, topic: string): TopicCounts {
  let counts = pass.topics.get(topic);
  if (counts === undefined) {
    counts = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
    pass.topics.set(topic, counts);
  }
  return counts;
}

/** The counts of a source's copies of one age. */
export function copiesOf({ sources }: Pass, source: string, age: number): CopyCounts {
  let ages = sources.get(source);
  if (ages === undefined) {
    ages = Array.from({ length: AGE_BOUNDS_SECONDS.length + 1 }, () => ({ duplicates: 0, conflicts: 0 }));
    sources.set(source, ages);
  }
  return ages[age] as CopyCounts;
}

export function countPlace({ places }: Pass, incarnation: string): void {
  places.set(incarnation, (places.get(incarnation) ?? 0) + 1);
}

/** Prepares the last step of a transaction: what was counted goes into the books. */
export function prepareCounters(database: Database): (pass: Pass) => void {
  const addToTopic = database.prepare<[string, number, number, number, number, string]>(
    `INSERT INTO topics (topic, unique_events, duplicates, conflicts, dead_lettered, last_processed_at)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (topic) DO UPDATE SET
       unique_events = unique_events + excluded.unique_events,
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
    `INSERT INTO frame_counters (incarnation, frames) VALUES (?, ?)
     ON CONFLICT (incarnation) DO UPDATE SET frames = frames + excluded.frames`,
  );
  return ({ topics, sources, places, processedAt }) => {
    for (const [topic, { stored, duplicates, conflicts, deadLettered }] of topics) {
      addToTopic.run(topic, stored, duplicates, conflicts, deadLettered, processedAt);
    }
    for (const [source, ages] of sources) {
      for (const [age, { duplicates, conflicts }] of ages.entries()) {
        if (duplicates > 0) addToSource.run(source, age, duplicates, conflicts);
      }
    }
    for (const [incarnation, frames] of places) addToLog.run(incarnation, frames);
  };
}

export function sixDigits(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}
