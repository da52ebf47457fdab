import type { Redriven } from "@tidemark/event-store/dead-letters";
import { NOTHING_TO_REDRIVE, readDeadLetterId, takenAs, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import { tryEvents } from "../apply/isolate-trial.ts";
import type { Transaction } from "../connection/session.ts";
import type { Writers } from "../connection/writers.ts";

interface DeadLetterRow {
  id: string;
  ordinal: number | null;
  received_at_ms: string;
  content: Buffer;
}

// The row is locked, so that the second of two transactions with the same dead letter finds it deleted.
const FIND = `
  SELECT id, ordinal, round(extract(epoch FROM received_at) * 1000) AS received_at_ms, content
  FROM dead_letters WHERE id = $1 FOR UPDATE`;

const ADD_ATTEMPT = "UPDATE dead_letters SET attempts = attempts + 1, code = $2, reason = $3 WHERE id = $1";

// The dead letter is subtracted in the slot of this session, even if another slot counted it, because only the sum over
// all slots matters.
const TAKE_OUT = `
  WITH removed AS (
    DELETE FROM dead_letters WHERE id = $1
    RETURNING frame_id, ordinal, coalesce(topic, '${UNREAD_TOPIC}') AS topic, dead_at
  ), ledger AS (
    UPDATE frames SET verdicts = overlay(verdicts PLACING $2 FROM removed.ordinal + 1)
    FROM removed WHERE frames.frame_id = removed.frame_id
  ), totals AS (
    UPDATE book_totals SET dead_lettered = book_totals.dead_lettered - 1
    FROM removed WHERE slot = current_setting('tidemark.slot')::integer
    RETURNING slot, topic, opening, dead_at
  )
  INSERT INTO topic_counters AS books (slot, topic, dead_lettered, last_processed_at, opening)
  SELECT slot, topic, -1, dead_at, opening FROM totals
  ON CONFLICT (topic, slot) DO UPDATE SET dead_lettered = books.dead_lettered + excluded.dead_lettered,
    opening = excluded.opening, earlier = counts_before(books, excluded.opening)`;

/** `DeadLetterStore.redrive`, in one transaction. */
export async function redrive(writers: Writers, deadLetterId: string): Promise<Redriven | undefined> {
  const id = readDeadLetterId(deadLetterId);
  if (id === undefined) return undefined;
  return writers.transaction(async (transaction) => {
    const { rows } = await transaction.query<DeadLetterRow>(FIND, [id]);
    const [deadLetter] = rows;
    if (deadLetter === undefined) return undefined;
    if (deadLetter.ordinal === null) return { status: "refused", ...NOTHING_TO_REDRIVE };
    return redriveEvent(transaction, deadLetter, writers.timeoutMs / 2);
  });
}

async function redriveEvent(
  transaction: Transaction,
  { id, content, received_at_ms }: DeadLetterRow,
  limitMs: number,
): Promise<Redriven> {
  const event = { contents: [content.toString()], receivedAtMs: Number(received_at_ms), limitMs };
  const outcome = await tryEvents(transaction, event);
  if (typeof outcome !== "string") {
    await transaction.query(ADD_ATTEMPT, [id, outcome.code, outcome.reason]);
    return { status: "refused", ...outcome };
  }
  await transaction.query(TAKE_OUT, [id, outcome]);
  return takenAs(outcome);
}

// The audit counts dead letters, so it needs the number of those that were deleted.
const DELETE = `
  WITH removed AS (
    DELETE FROM dead_letters WHERE id = $1 RETURNING coalesce(topic, '${UNREAD_TOPIC}') AS topic, events, dead_at
  )
  INSERT INTO topic_counters AS books (slot, topic, dead_letters_deleted, last_processed_at)
  SELECT current_setting('tidemark.slot')::integer, topic, events, dead_at FROM removed
  ON CONFLICT (topic, slot) DO UPDATE SET
    dead_letters_deleted = books.dead_letters_deleted + excluded.dead_letters_deleted`;

/** `DeadLetterStore.deleteDeadLetter`. */
export async function deleteDeadLetter(writers: Writers, deadLetterId: string): Promise<boolean> {
  const id = readDeadLetterId(deadLetterId);
  if (id === undefined) return false;
  const { rowCount } = await writers.query(DELETE, [id]);
  return rowCount === 1;
}
