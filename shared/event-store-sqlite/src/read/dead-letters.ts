import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import type { Database } from "better-sqlite3";
import { readPosition, takePage } from "./pages.ts";

interface DeadLetterRow extends Omit<DeadLetter, "id" | "topic"> {
  id: number;
  topic: string | null;
}

const COLUMNS = `id, frame_id AS "frameId", topic, events, code, reason, attempts, dead_at AS "deadAt", content`;

/** Prepares `DeadLetterStore.listDeadLetters`. A position is an id; ids are in the order of commits. */
export function prepareDeadLetterListing(database: Database): (query: DeadLetterQuery) => DeadLetterPage {
  const all = database.prepare<[number, number], DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const ofTopic = database.prepare<[string, number, number], DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters WHERE topic = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  return ({ topic, limit, after }) => {
    const position = after === undefined ? 0 : readPosition(after);
    const rows = topic === undefined ? all.iterate(position, limit + 1) : ofTopic.iterate(topic, position, limit + 1);
    const { page, isLast } = takePage(rows, limit, ({ content }) => [content]);
    const last = page.at(-1);
    return { deadLetters: page.map(readDeadLetter), next: isLast || last === undefined ? undefined : String(last.id) };
  };
}

function readDeadLetter({ id, topic, ...row }: DeadLetterRow): DeadLetter {
  return { ...row, id: String(id), topic: topic ?? undefined };
}
