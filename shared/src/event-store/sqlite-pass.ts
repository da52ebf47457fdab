import type { Database } from "better-sqlite3";
import type { DroppedCopy } from "./event-store.ts";

/** What one transaction gathers on its way through events. */
export interface Pass {
  /** UTC, six digits of the second. */
  processedAt: string;
  maxNamed: number;
  dropped: DroppedCopy[];
  topics: Map<string, TopicCounts>;
  /** How many events were refused, by code. */
  refusals: Map<string, number>;
}

export interface TopicCounts {
  unique: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
}

export function startPass({ maxNamed }: { maxNamed: number }): Pass {
  return { processedAt: sixDigits(Date.now()), maxNamed, dropped: [], topics: new Map(), refusals: new Map() };
}

export function countsOf(pass: Pass, topic: string): TopicCounts {
  let counts = pass.topics.get(topic);
  if (counts === undefined) {
    counts = { unique: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
    pass.topics.set(topic, counts);
  }
  return counts;
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
  return ({ topics, processedAt }) => {
    for (const [topic, { unique, duplicates, conflicts, deadLettered }] of topics) {
      addToTopic.run(topic, unique, duplicates, conflicts, deadLettered, processedAt);
    }
  };
}

export function sixDigits(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}
