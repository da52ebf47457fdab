import { InvalidInput } from "@tidemark/domain/errors";
import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { showContent } from "@tidemark/event-store/refusal";
import { type Kysely, sql } from "kysely";
import { utcText } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";
import { FOUND } from "./pages.ts";

/**
 * `DeadLetterStore.listDeadLetters`: keyset pages over the id, cut by bytes as well. Ids are drawn before their commit: if
 * two consumers write dead letters at the same moment, the smaller ids may appear later. A client that reads from the
 * first page again finds them.
 */
export async function listDeadLetters(
  db: Kysely<Tables>,
  { topic, limit, after }: DeadLetterQuery,
): Promise<DeadLetterPage> {
  const rows = await db
    .with("page", (tables) =>
      tables
        .selectFrom("dead_letters")
        .selectAll()
        .where("id", ">", readPosition(after ?? "0"))
        .$if(topic !== undefined, (page) => page.where("topic", "=", String(topic)).orderBy("topic"))
        .orderBy("id")
        .limit(limit + 1),
    )
    .with("sized", (tables) =>
      tables
        .selectFrom("page")
        .selectAll()
        .select([
          FOUND.as("found"),
          sql<string>`row_number() OVER (ORDER BY id)`.as("place"),
          sql<string>`sum(octet_length(content)) OVER (ORDER BY id)`.as("bytes"),
        ]),
    )
    .selectFrom("sized")
    .select(["id", "frame_id as frameId", "topic", "events", "code", "reason", "attempts", "content", "found"])
    .select(utcText("dead_at").as("deadAt"))
    .where(sql<boolean>`(place = 1 OR bytes <= ${MAX_PAGE_BYTES})`)
    .orderBy("id")
    .execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const isLast = last === undefined || Number(last.found) === page.length;
  return { deadLetters: page.map(readDeadLetter), next: isLast ? undefined : last.id };
}

type Row = Omit<DeadLetter, "topic" | "content"> & { topic: string | null; content: Buffer; found: string };

function readDeadLetter({ topic, content, found: _, ...letter }: Row): DeadLetter {
  return { ...letter, topic: topic ?? undefined, content: showContent(content) };
}

/** @throws {InvalidInput} `invalid_cursor` */
function readPosition(text: string): string {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return text;
  throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "this cursor does not come from here" });
}
