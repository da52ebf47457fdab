import type { PruneDuplicates, PruneFrames, PruneStep } from "@tidemark/event-store/pruning";
import type { Database } from "better-sqlite3";
import { sixDigits } from "../apply/batch-totals.ts";
import { readPosition } from "../read/pages.ts";

interface WalkedRow {
  id: number;
  topic: string;
  is_conflict: number;
  is_old: number;
  has_expired: number;
}

/**
 * Prepares `Pruner.pruneDuplicates`. A position is an id: the walk begins where the step before ended, and conflicts that
 * stay are not walked over again. The newest copy of all stays, whatever its age: its id says how many there ever were.
 */
export function preparePruneDuplicates(database: Database): (options: PruneDuplicates) => PruneStep {
  const walk = database.prepare<{ after: number; before: string; limit: number }, WalkedRow>(
    `SELECT id, topic, is_conflict, received_at < @before AS is_old, is_conflict AND EXISTS (
       SELECT 1 FROM events AS first
       WHERE first.topic = copy.topic AND first.event_id = copy.event_id AND first.payload_expired_at IS NOT NULL
     ) AS has_expired
     FROM duplicates AS copy WHERE id > @after AND id < (SELECT max(id) FROM duplicates) ORDER BY id LIMIT @limit`,
  );
  const remove = database.prepare<[number]>("DELETE FROM duplicates WHERE id = ?");
  const addPruned = database.prepare<[number, number, string]>(
    `UPDATE topics SET duplicates_pruned = duplicates_pruned + ?, conflicts_pruned = conflicts_pruned + ?
     WHERE topic = ?`,
  );
  const prune = database.transaction(({ receivedBeforeMs, limit, after }: PruneDuplicates): PruneStep => {
    const start = after === undefined ? 0 : readPosition(after);
    const walked = walk.all({ after: start, before: sixDigits(receivedBeforeMs), limit });
    const old = walked.filter((row) => row.is_old);
    const forgettable = old.filter((row) => !row.is_conflict || row.has_expired);
    for (const { id } of forgettable) remove.run(id);
    for (const [topic, { copies, conflicts }] of countByTopic(forgettable)) addPruned.run(copies, conflicts, topic);
    const position = old.at(-1)?.id;
    return {
      forgotten: forgettable.length,
      ...(position === undefined ? after !== undefined && { position: after } : { position: String(position) }),
      isAtEnd: walked.length < limit || position === undefined,
    };
  });
  return prune.immediate;
}

function countByTopic(rows: WalkedRow[]): Map<string, { copies: number; conflicts: number }> {
  const byTopic = new Map<string, { copies: number; conflicts: number }>();
  for (const { topic, is_conflict } of rows) {
    const { copies, conflicts } = byTopic.get(topic) ?? { copies: 0, conflicts: 0 };
    byTopic.set(topic, { copies: copies + 1, conflicts: conflicts + is_conflict });
  }
  return byTopic;
}

/** Prepares `Pruner.pruneFrames`: the index leads to the oldest of this incarnation, and past it to those of others. */
export function preparePruneFrames(database: Database): (options: PruneFrames) => number {
  const ranges = [
    "incarnation = @generation AND sequence < @firstHeldSequence",
    "incarnation < @generation",
    "incarnation > @generation",
  ];
  const removals = ["frames", "frame_copies"].flatMap((table) =>
    ranges.map((range) =>
      database.prepare<{ generation: string; firstHeldSequence: number; before: string; limit: number }>(
        `DELETE FROM ${table} WHERE processed_at < @before AND (incarnation, sequence) IN (
           SELECT incarnation, sequence FROM ${table} WHERE ${range} ORDER BY incarnation, sequence LIMIT @limit)`,
      ),
    ),
  );
  const prune = database.transaction(({ processedBeforeMs, log, limit }: PruneFrames): number => {
    const bounds = { ...log, before: sixDigits(processedBeforeMs), limit };
    return removals.reduce((sum, removal) => sum + removal.run(bounds).changes, 0);
  });
  return prune.immediate;
}
