import type { Verdicts } from "@tidemark/domain/verdict";
import type { Redriven } from "@tidemark/event-store/dead-letters";
import { NOTHING_TO_REDRIVE, type Refusal, readLetterId, takenAs, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import { tryEvents } from "../apply/trial.ts";
import type { WriteConnection } from "../connection/connections.ts";
import { translatingErrors } from "../connection/errors.ts";
import { inTransaction } from "../connection/transaction.ts";

interface LetterRow {
  id: string;
  frame_id: string;
  ordinal: number | null;
  topic: string | null;
  received_at_ms: string;
  content: Buffer;
}

// Locked: of two that try the same letter, the second finds it gone.
const FIND = `
  SELECT id, frame_id, ordinal, topic, round(extract(epoch FROM received_at) * 1000) AS received_at_ms, content
  FROM dead_letters WHERE id = $1 FOR UPDATE`;

const ADD_ATTEMPT = "UPDATE dead_letters SET attempts = attempts + 1, code = $2, reason = $3 WHERE id = $1";

// The letter leaves the dead of whichever slot it was buried by: the sum over all slots is what counts.
const TAKE_OUT = `
  WITH removed AS (
    DELETE FROM dead_letters WHERE id = $1 RETURNING frame_id, ordinal, coalesce(topic, '${UNREAD_TOPIC}') AS topic, dead_at
  ), ledger AS (
    UPDATE frames SET verdicts = overlay(verdicts PLACING $2 FROM removed.ordinal + 1)
    FROM removed WHERE frames.frame_id = removed.frame_id
  )
  INSERT INTO counters AS books (slot, topic, dead, last_processed_at)
  SELECT $3, topic, -1, dead_at FROM removed
  ON CONFLICT (slot, topic) DO UPDATE SET dead = books.dead + excluded.dead`;

/** `DeadLetterStore.redrive`, in one transaction. */
export async function redrive(connection: WriteConnection, letterId: string): Promise<Redriven | undefined> {
  const id = readLetterId(letterId);
  if (id === undefined) return undefined;
  const { client } = connection;
  return inTransaction(client, "COMMIT", async () => {
    const { rows } = await translatingErrors(() => client.query<LetterRow>(FIND, [id]));
    const [letter] = rows;
    if (letter === undefined) return undefined;
    if (letter.ordinal === null) return { status: "refused", ...NOTHING_TO_REDRIVE };
    return redriveEvent(connection, letter);
  });
}

async function redriveEvent(connection: WriteConnection, letter: LetterRow): Promise<Redriven> {
  const { client, slot } = connection;
  const { id, content, received_at_ms: receivedAtMs } = letter;
  const event = { contents: [content.toString()], receivedAtMs: Number(receivedAtMs) };
  const outcome: Verdicts | Refusal = await tryEvents(connection, event);
  if (typeof outcome !== "string") {
    await translatingErrors(() => client.query(ADD_ATTEMPT, [id, outcome.code, outcome.reason]));
    return { status: "refused", ...outcome };
  }
  await translatingErrors(() => client.query(TAKE_OUT, [id, outcome, slot]));
  return takenAs(outcome);
}

const DELETE = `
  WITH removed AS (
    DELETE FROM dead_letters WHERE id = $1 RETURNING coalesce(topic, '${UNREAD_TOPIC}') AS topic, events, dead_at
  )
  INSERT INTO counters AS books (slot, topic, dead_deleted, last_processed_at)
  SELECT $2, topic, events, dead_at FROM removed
  ON CONFLICT (slot, topic) DO UPDATE SET dead_deleted = books.dead_deleted + excluded.dead_deleted`;

/** `DeadLetterStore.deleteDeadLetter`. A recount of the dead needs those that are no longer there. */
export async function deleteDeadLetter({ client, slot }: WriteConnection, letterId: string): Promise<boolean> {
  const id = readLetterId(letterId);
  if (id === undefined) return false;
  const { rowCount } = await translatingErrors(() => client.query(DELETE, [id, slot]));
  return rowCount === 1;
}
