import { MAX_LISTED_TOPICS } from "@tidemark/event-store/history";
import type { Database } from "better-sqlite3";
import { minuteOf } from "../schema/columns.ts";
import type { BatchTotals, TopicCounts } from "./batch-totals.ts";

type Movement = TopicCounts & { minute: number };

/**
 * Prepares the part of a transaction that adds its counts to the history: to the row of the minute, and to those of at most
 * `MAX_LISTED_TOPICS` topics of the minute. Topics without a row get one, the busiest of the transaction first.
 */
export function prepareWriteHistory(
  database: Database,
): (totals: Pick<BatchTotals, "topics" | "processedAt">, sums: TopicCounts) => void {
  const add = database.prepare<Movement & { unlisted: number }>(
    `INSERT INTO history (minute, stored, duplicates, conflicts, dead_lettered, unlisted)
     VALUES (@minute, @stored, @duplicates, @conflicts, @deadLettered, @unlisted)
     ON CONFLICT (minute) DO UPDATE SET stored = stored + excluded.stored, duplicates = duplicates + excluded.duplicates,
       conflicts = conflicts + excluded.conflicts, dead_lettered = dead_lettered + excluded.dead_lettered,
       unlisted = unlisted + excluded.unlisted`,
  );
  const addToListed = database.prepare<Movement & { topic: string }>(
    `UPDATE topic_history SET stored = stored + @stored, duplicates = duplicates + @duplicates,
       conflicts = conflicts + @conflicts, dead_lettered = dead_lettered + @deadLettered
     WHERE minute = @minute AND topic = @topic`,
  );
  const list = database.prepare<Movement & { topic: string }>(
    `INSERT INTO topic_history (minute, topic, stored, duplicates, conflicts, dead_lettered)
     VALUES (@minute, @topic, @stored, @duplicates, @conflicts, @deadLettered)`,
  );
  const readListed = database.prepare<[number], string>("SELECT topic FROM topic_history WHERE minute = ?").pluck();

  return ({ topics, processedAt }, { stored, duplicates, conflicts, deadLettered }) => {
    if (topics.size === 0) return; // every frame was in the ledger
    const minute = minuteOf(Date.parse(processedAt));
    const listed = new Set(readListed.all(minute));
    const others: [topic: string, counts: TopicCounts][] = [];
    for (const [topic, counts] of topics) {
      if (listed.has(topic)) addToListed.run({ minute, topic, ...counts });
      else others.push([topic, counts]);
    }
    others.sort(([, one], [, other]) => eventsOf(other) - eventsOf(one));
    const free = Math.max(0, MAX_LISTED_TOPICS - listed.size); // an import may have brought more
    for (const [topic, counts] of others.slice(0, free)) list.run({ minute, topic, ...counts });
    const unlisted = others.slice(free).reduce((sum, [, counts]) => sum + eventsOf(counts), 0);
    add.run({ minute, stored, duplicates, conflicts, deadLettered, unlisted });
  };
}

/** Counts a redriven dead letter twice, because it moves two figures: their sum alone would be 0. */
function eventsOf({ stored, duplicates, deadLettered }: TopicCounts): number {
  return stored + duplicates + Math.abs(deadLettered);
}
