import type { PruneHistory } from "@tidemark/event-store/pruning";
import type { Database } from "better-sqlite3";
import { minuteOf } from "../schema/columns.ts";

/** Prepares `Pruner.pruneHistory`: the primary keys lead to the oldest minutes. */
export function preparePruneHistory(database: Database): (options: PruneHistory) => number {
  const removals = ["history", "topic_history", "starts"].map((table) => {
    const key = table === "history" ? "minute" : table === "topic_history" ? "minute, topic" : "minute, service";
    return database.prepare<{ before: number; limit: number }>(
      `DELETE FROM ${table} WHERE (${key}) IN (
         SELECT ${key} FROM ${table} WHERE minute < @before ORDER BY ${key} LIMIT @limit)`,
    );
  });
  const prune = database.transaction(({ beforeMs, limit }: PruneHistory): number => {
    const bounds = { before: minuteOf(beforeMs), limit };
    return removals.reduce((sum, removal) => sum + removal.run(bounds).changes, 0);
  });
  return prune.immediate;
}
