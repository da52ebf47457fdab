import type { Redriven } from "@tidemark/event-store/dead-letters";
import {
  NOTHING_TO_REDRIVE,
  type Refusal,
  readDeadLetterId,
  takenAs,
  UNREAD_TOPIC,
} from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { countsOf, prepareCounters, startPass } from "../apply/batch-totals.ts";
import { prepareJudge, tryItem } from "../apply/deduplicate.ts";
import { prepareLedger } from "../apply/ledger.ts";

/** An id that no dead letter has. */
const NOBODY = 0;

interface DeadLetterRow {
  id: number;
  frame_id: string;
  ordinal: number | null;
  topic: string | null;
  received_at: string;
  content: string;
}

/** Prepares the transaction of `DeadLetterStore.redrive`. */
export function prepareRedrive(database: Database): (id: string) => Redriven | undefined {
  const judge = prepareJudge(database);
  const ledger = prepareLedger(database);
  const writeCounters = prepareCounters(database);
  const find = database.prepare<[number], DeadLetterRow>(
    "SELECT id, frame_id, ordinal, topic, received_at, content FROM dead_letters WHERE id = ?",
  );
  const addAttempt = database.prepare<{ id: number } & Refusal>(
    "UPDATE dead_letters SET attempts = attempts + 1, code = @code, reason = @reason WHERE id = @id",
  );
  const remove = database.prepare<[number]>("DELETE FROM dead_letters WHERE id = ?");

  const redriveItem = ({ id, frame_id: frameId, topic, ...letter }: DeadLetterRow, ordinal: number): Redriven => {
    const pass = startPass({ maxNamed: 0 });
    const verdict = tryItem(judge, pass, letter.content, letter.received_at);
    if (typeof verdict !== "string") {
      addAttempt.run({ id, ...verdict });
      return { status: "refused", ...verdict };
    }
    countsOf(pass, topic ?? UNREAD_TOPIC).deadLettered--;
    writeCounters(pass);
    ledger.replaceVerdict({ frameId, ordinal, verdict });
    remove.run(id);
    return takenAs(verdict);
  };
  const redrive = database.transaction((id: string): Redriven | undefined => {
    const letter = find.get(readDeadLetterId(id) ?? NOBODY);
    if (letter === undefined) return undefined;
    if (letter.ordinal !== null) return redriveItem(letter, letter.ordinal);
    return { status: "refused", ...NOTHING_TO_REDRIVE };
  });
  return redrive.immediate;
}

/** Prepares the transaction of `DeadLetterStore.deleteDeadLetter`. */
export function prepareDeletion(database: Database): (id: string) => boolean {
  const remove = database.prepare<[number], { topic: string | null; events: number }>(
    "DELETE FROM dead_letters WHERE id = ? RETURNING topic, events",
  );
  // A recount of the dead needs those that are no longer there.
  const addDeleted = database.prepare<[number, string]>(
    "UPDATE topics SET dead_letters_deleted = dead_letters_deleted + ? WHERE topic = ?",
  );
  const deleteLetter = database.transaction((id: string): boolean => {
    const removed = remove.get(readDeadLetterId(id) ?? NOBODY);
    if (removed !== undefined) addDeleted.run(removed.events, removed.topic ?? UNREAD_TOPIC);
    return removed !== undefined;
  });
  return deleteLetter.immediate;
}
