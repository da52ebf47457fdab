import type { Redriven } from "@tidemark/event-store/dead-letters";
import {
  NOTHING_TO_REDRIVE,
  type Refusal,
  readDeadLetterId,
  takenAs,
  UNREAD_TOPIC,
} from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { createBatchTotals, topicCounts } from "../apply/batch-totals.ts";
import { type DeduplicateOptions, prepareDeduplicate, tryEvent } from "../apply/deduplicate.ts";
import { prepareLedger } from "../apply/ledger.ts";
import { prepareWriteTotals } from "../apply/write-totals.ts";

/** An id that no dead letter has. */
const NO_ID = 0;

interface DeadLetterRow {
  id: number;
  frame_id: string;
  ordinal: number | null;
  topic: string | null;
  received_at: string;
  content: string;
}

/** Prepares the transaction of `DeadLetterStore.redrive`. */
export function prepareRedrive(database: Database, options: DeduplicateOptions): (id: string) => Redriven | undefined {
  const deduplicate = prepareDeduplicate(database, options);
  const ledger = prepareLedger(database);
  const writeTotals = prepareWriteTotals(database);
  const find = database.prepare<[number], DeadLetterRow>(
    "SELECT id, frame_id, ordinal, topic, received_at, content FROM dead_letters WHERE id = ?",
  );
  const addAttempt = database.prepare<{ id: number } & Refusal>(
    "UPDATE dead_letters SET attempts = attempts + 1, code = @code, reason = @reason WHERE id = @id",
  );
  const remove = database.prepare<[number]>("DELETE FROM dead_letters WHERE id = ?");

  const redriveEvent = (deadLetter: DeadLetterRow, ordinal: number): Redriven => {
    const { id, frame_id: frameId, topic, content, received_at: receivedAt } = deadLetter;
    const totals = createBatchTotals({ maxNamed: 0 });
    const verdict = tryEvent(deduplicate, totals, { content, receivedAt });
    if (typeof verdict !== "string") {
      addAttempt.run({ id, ...verdict });
      return { status: "refused", ...verdict };
    }
    topicCounts(totals, topic ?? UNREAD_TOPIC).deadLettered--;
    writeTotals(totals);
    ledger.replaceVerdict({ frameId, ordinal, verdict });
    remove.run(id);
    return takenAs(verdict);
  };
  const redrive = database.transaction((id: string): Redriven | undefined => {
    const deadLetter = find.get(readDeadLetterId(id) ?? NO_ID);
    if (deadLetter === undefined) return undefined;
    if (deadLetter.ordinal !== null) return redriveEvent(deadLetter, deadLetter.ordinal);
    return { status: "refused", ...NOTHING_TO_REDRIVE };
  });
  return redrive.immediate;
}

/** Prepares the transaction of `DeadLetterStore.deleteDeadLetter`. */
export function prepareDeletion(database: Database): (id: string) => boolean {
  const remove = database.prepare<[number], { topic: string | null; events: number }>(
    "DELETE FROM dead_letters WHERE id = ? RETURNING topic, events",
  );
  // An audit counts dead letters, so it needs the number of those that were deleted.
  const addDeleted = database.prepare<[number, string]>(
    "UPDATE topic_counters SET dead_letters_deleted = dead_letters_deleted + ? WHERE topic = ?",
  );
  const deleteDeadLetter = database.transaction((id: string): boolean => {
    const removed = remove.get(readDeadLetterId(id) ?? NO_ID);
    if (removed !== undefined) addDeleted.run(removed.events, removed.topic ?? UNREAD_TOPIC);
    return removed !== undefined;
  });
  return deleteDeadLetter.immediate;
}
