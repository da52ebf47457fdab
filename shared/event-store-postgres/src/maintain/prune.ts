import { MINUTE_MS } from "@tidemark/event-store/history";
import type { PruneDuplicates, PruneFrames, PruneHistory, PruneStep } from "@tidemark/event-store/pruning";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import { statementFile } from "../connection/statement-file.ts";
import { FIRST_POSITION, positionParameters, writePosition } from "../read/positions.ts";
import type { Tables } from "../schema/tables.ts";

/** The lock of the process that prunes. Other processes skip the step. */
const PRUNING_LOCK = 7_305_804_402_565_173_250n;

const PRUNE_DUPLICATES = statementFile(new URL("prune-duplicates.sql", import.meta.url));
const PRUNE_FRAMES = statementFile(new URL("prune-frames.sql", import.meta.url));
const PRUNE_HISTORY = statementFile(new URL("prune-history.sql", import.meta.url));

interface StepRow {
  pruned: string;
  is_full: boolean;
  tx: string | null;
  ord: number | null;
}

/** `Pruner.pruneDuplicates`, on a connection for reading, so that it does not block those that apply frames. */
export async function pruneDuplicates(db: Kysely<Tables>, options: PruneDuplicates): Promise<PruneStep> {
  const { receivedBeforeMs, limit, after } = options;
  const parameters = [instant(receivedBeforeMs), limit, ...positionParameters(after ?? FIRST_POSITION), PRUNING_LOCK];
  const row = await queryRow<StepRow>(db, await PRUNE_DUPLICATES(), parameters);
  const { tx, ord } = row;
  const position = tx !== null && ord !== null ? writePosition({ tx, ord }) : undefined;
  return {
    forgotten: Number(row.pruned),
    position: position ?? after,
    isAtEnd: !row.is_full || position === undefined,
  };
}

/** `Pruner.pruneFrames`. */
export async function pruneFrames(db: Kysely<Tables>, options: PruneFrames): Promise<number> {
  const { processedBeforeMs, log, limit } = options;
  const parameters = [instant(processedBeforeMs), log.generation, log.firstHeldSequence, limit, PRUNING_LOCK];
  const { pruned } = await queryRow<{ pruned: string }>(db, await PRUNE_FRAMES(), parameters);
  return Number(pruned);
}

/** `Pruner.pruneHistory`. */
export async function pruneHistory(db: Kysely<Tables>, { beforeMs, limit }: PruneHistory): Promise<number> {
  const parameters = [Math.floor(beforeMs / MINUTE_MS), limit, PRUNING_LOCK];
  const { pruned } = await queryRow<{ pruned: string }>(db, await PRUNE_HISTORY(), parameters);
  return Number(pruned);
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
