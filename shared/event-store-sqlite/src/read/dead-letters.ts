import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import { MAX_SCANNED_ENTRIES } from "@tidemark/event-store/event-store";
import { readDeadLetterId } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { readPosition, takePage } from "./pages.ts";
import { topicReach } from "./topic-reach.ts";

interface DeadLetterRow extends Omit<DeadLetter, "id" | "topic"> {
  id: number;
  topic: string | null;
}

const COLUMNS = `id, frame_id AS "frameId", topic, events, code, reason, attempts, dead_at AS "deadAt", content`;

/** Prepares `DeadLetterStore.listDeadLetters`. A position is an id; ids are in the order of commits. */
export function prepareDeadLetterListing(database: Database): (query: DeadLetterQuery) => DeadLetterPage {
  const ofPrefixes = prepareReachedListing(database);
  const all = database.prepare<[number, number], DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const ofTopic = database.prepare<[string, number, number], DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters WHERE topic = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  return ({ topic, topicPrefixes, limit, after }) => {
    const position = after === undefined ? 0 : readPosition(after);
    if (topicPrefixes !== undefined) return ofPrefixes({ topic, topicPrefixes, limit, position });
    const rows = topic === undefined ? all.iterate(position, limit + 1) : ofTopic.iterate(topic, position, limit + 1);
    const { page, isLast } = takePage(rows, limit, ({ content }) => [content]);
    const last = page.at(-1);
    return { deadLetters: page.map(readDeadLetter), next: isLast || last === undefined ? undefined : String(last.id) };
  };
}

type ReachedQuery = Pick<DeadLetterQuery, "topic" | "limit"> & { topicPrefixes: readonly string[]; position: number };

/** Prepares the list of dead letters whose topics begin with a prefix. It reads a bounded number of dead letters. */
function prepareReachedListing(database: Database): (query: ReachedQuery) => DeadLetterPage {
  const findCeiling = database.prepare<[number, number], { id: number }>(
    "SELECT id FROM dead_letters WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?",
  );
  return ({ topic = null, topicPrefixes, limit, position }) => {
    const ceiling = findCeiling.get(position, MAX_SCANNED_ENTRIES - 1)?.id;
    const { conditions, parameters } = topicReach(topicPrefixes);
    const rows = database
      .prepare<[Record<string, unknown>], DeadLetterRow>(
        `SELECT ${COLUMNS} FROM dead_letters
         WHERE ${["id > @position AND id <= @ceiling", "(@topic IS NULL OR topic = @topic)", ...conditions].join(" AND ")}
         ORDER BY id LIMIT @limit`,
      )
      .iterate({ ...parameters, topic, position, ceiling: ceiling ?? Number.MAX_SAFE_INTEGER, limit: limit + 1 });
    const { page, isLast } = takePage(rows, limit, ({ content }) => [content]);
    const next = isLast ? ceiling : page.at(-1)?.id;
    return { deadLetters: page.map(readDeadLetter), next: next === undefined ? undefined : String(next) };
  };
}

/** Prepares `DeadLetterStore.findDeadLetterTopic`. */
export function prepareFindDeadLetterTopic(database: Database): (id: string) => string | undefined {
  const find = database.prepare<[number], { topic: string | null }>("SELECT topic FROM dead_letters WHERE id = ?");
  return (id) => {
    const number = readDeadLetterId(id);
    return number === undefined ? undefined : (find.get(number)?.topic ?? undefined);
  };
}

function readDeadLetter({ id, topic, ...row }: DeadLetterRow): DeadLetter {
  return { ...row, id: String(id), topic: topic ?? undefined };
}
