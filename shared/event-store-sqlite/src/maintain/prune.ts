import type { PruneDuplicates, PruneFrames, PruneStep } from "@tidemark/event-store/pruning";
import type { Database } from "better-sqlite3";
import { readPosition } from "../read/pages.ts";
import { utcText } from "../schema/columns.ts";

interface ScannedRow {
  id: number;
  topic: string;
  is_conflict: number;
  is_old: number;
  has_content: number;
}

/**
 * Prepares `Pruner.pruneDuplicates`. A position is an id: a step begins where the step before ended, so that conflicts
 * whose content is kept are not read again. The newest duplicate stays at any age, because its id is the number of
 * duplicates so far.
 */
export function preparePruneDuplicates(database: Database): (options: PruneDuplicates) => PruneStep {
  const scan = database.prepare<{ after: number; before: string; limit: number }, ScannedRow>(
    `SELECT id, topic, is_conflict, received_at < @before AS is_old, payload IS NOT NULL AS has_content
     FROM duplicates WHERE id > @after AND id < (SELECT max(id) FROM duplicates) ORDER BY id LIMIT @limit`,
  );
  const remove = database.prepare<[number]>("DELETE FROM duplicates WHERE id = ?");
  const addPruned = database.prepare<[number, number, string]>(
    `UPDATE topic_counters SET duplicates_pruned = duplicates_pruned + ?, conflicts_pruned = conflicts_pruned + ?
     WHERE topic = ?`,
  );
  const prune = database.transaction(({ receivedBeforeMs, limit, after }: PruneDuplicates): PruneStep => {
    const start = after === undefined ? 0 : readPosition(after);
    const scanned = scan.all({ after: start, before: utcText(receivedBeforeMs), limit });
    const old = scanned.filter((row) => row.is_old);
    const prunable = old.filter((row) => !row.has_content);
    for (const { id } of prunable) remove.run(id);
    for (const [topic, { duplicates, conflicts }] of countByTopic(prunable)) {
      addPruned.run(duplicates, conflicts, topic);
    }
    const last = old.at(-1)?.id;
    return {
      forgotten: prunable.length,
      position: last === undefined ? after : String(last),
      isAtEnd: scanned.length < limit || last === undefined,
    };
  });
  return prune.immediate;
}

function countByTopic(rows: ScannedRow[]): Map<string, { duplicates: number; conflicts: number }> {
  const byTopic = new Map<string, { duplicates: number; conflicts: number }>();
  for (const { topic, is_conflict } of rows) {
    const { duplicates, conflicts } = byTopic.get(topic) ?? { duplicates: 0, conflicts: 0 };
    byTopic.set(topic, { duplicates: duplicates + 1, conflicts: conflicts + is_conflict });
  }
  return byTopic;
}

/** Prepares `Pruner.pruneFrames`. The index finds the oldest rows of this generation and those of other generations. */
export function preparePruneFrames(database: Database): (options: PruneFrames) => number {
  const ranges = [
    "generation = @generation AND sequence < @firstHeldSequence",
    "generation < @generation",
    "generation > @generation",
  ];
  const removals = ["frames", "repeated_frames"].flatMap((table) =>
    ranges.map((range) =>
      database.prepare<{ generation: string; firstHeldSequence: number; before: string; limit: number }>(
        `DELETE FROM ${table} WHERE processed_at < @before AND (generation, sequence) IN (
           SELECT generation, sequence FROM ${table} WHERE ${range} ORDER BY generation, sequence LIMIT @limit)`,
      ),
    ),
  );
  const prune = database.transaction(({ processedBeforeMs, log, limit }: PruneFrames): number => {
    const bounds = { ...log, before: utcText(processedBeforeMs), limit };
    return removals.reduce((sum, removal) => sum + removal.run(bounds).changes, 0);
  });
  return prune.immediate;
}
