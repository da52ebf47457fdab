import { InvalidInput } from "@tidemark/domain/errors";
import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { showContent } from "@tidemark/event-store/refusal";
import { type Kysely, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import { type Tables, utcText } from "./queries.ts";

interface LetterRow extends Omit<DeadLetter, "topic" | "content"> {
  topic: string | null;
  content: Buffer;
  found: string;
}

/**
 * `DeadLetterStore.listDeadLetters`: keyset pages over the id, cut by bytes as well. Ids are drawn before their commit: of
 * consumers that deadLetterFrame at the same moment one may show its letters behind the other's, and a walker finds them the next
 * time.
 */
export async function listDeadLetters(
  db: Kysely<Tables>,
  { topic, limit, after }: DeadLetterQuery,
): Promise<DeadLetterPage> {
  const position = readPosition(after ?? "0");
  const keys = topic === undefined ? sql`id > ${position}` : sql`topic = ${topic} AND id > ${position}`;
  const order = sql.raw(topic === undefined ? "id" : "topic, id");
  const select = sql<LetterRow>`
    WITH page AS (
      SELECT * FROM dead_letters WHERE ${keys} ORDER BY ${order} LIMIT ${limit + 1}
    ), sized AS (
      SELECT *, count(*) OVER () AS found, row_number() OVER (ORDER BY id) AS place,
        sum(octet_length(content)) OVER (ORDER BY id) AS bytes
      FROM page
    )
    SELECT id, frame_id AS "frameId", topic, events, code, reason, attempts, ${utcText("dead_at")} AS "deadAt", content,
      found
    FROM sized WHERE place = 1 OR bytes <= ${MAX_PAGE_BYTES} ORDER BY id`;
  const { rows } = await translatingErrors(() => select.execute(db));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const isLast = last === undefined || Number(last.found) === page.length;
  return { deadLetters: page.map(readLetter), ...(!isLast && { next: last.id }) };
}

function readLetter({ topic, content, found: _, ...letter }: LetterRow): DeadLetter {
  return { ...letter, ...(topic !== null && { topic }), content: showContent(content) };
}

/** @throws {InvalidInput} `invalid_cursor` */
function readPosition(text: string): string {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return text;
  throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "this cursor does not come from here" });
}
