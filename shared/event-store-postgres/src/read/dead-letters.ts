import { InvalidInput } from "@tidemark/domain/errors";
import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import { MAX_PAGE_BYTES, MAX_SCANNED_ENTRIES } from "@tidemark/event-store/event-store";
import { readDeadLetterId, showContent } from "@tidemark/event-store/refusal";
import { type Kysely, type QueryCreator, type SelectQueryBuilder, sql } from "kysely";
import { utcText } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";
import { FOUND } from "./pages.ts";
import { topicReach } from "./topic-reach.ts";

/**
 * `DeadLetterStore.listDeadLetters`: keyset pages over the id, with a limit of bytes as well. An id is assigned before
 * its commit, so if two consumers write dead letters at the same moment, smaller ids may appear later. A client that
 * reads from the first page again finds them.
 */
export async function listDeadLetters(db: Kysely<Tables>, query: DeadLetterQuery): Promise<DeadLetterPage> {
  const { limit } = query;
  const rows = await db
    .with("page", (tables) => selectPage(tables, query))
    .with("ceiling", (tables) => selectCeiling(tables, query))
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
    // A row without a dead letter says that the page is empty, and where the scan ended.
    .with("always", (tables) => tables.selectNoFrom(sql`true`.as("is_there")))
    .selectFrom("always")
    .leftJoin("ceiling", (join) => join.onTrue())
    .leftJoin("sized", (join) => join.on(sql<boolean>`(place = 1 OR bytes <= ${MAX_PAGE_BYTES})`))
    .select(["id", "frame_id as frameId", "topic", "events", "code", "reason", "attempts", "content", "found"])
    .select([utcText("dead_at").as("deadAt"), "last_scanned"])
    .orderBy("id")
    .execute();
  const page = (rows as Row[]).slice(0, limit).filter(({ id }) => id !== null);
  const last = page.at(-1);
  const isLast = last === undefined || Number(last.found) === page.length;
  const next = isLast ? (rows[0]?.last_scanned ?? undefined) : last.id;
  return { deadLetters: page.map(readDeadLetter), next };
}

type Select<Row> = SelectQueryBuilder<Tables, "dead_letters", Row>;

/** Selects the dead letters of a page, and one more. */
function selectPage(db: QueryCreator<Tables>, { topic, topicPrefixes, limit, after }: DeadLetterQuery) {
  const beyond = db
    .selectFrom("dead_letters")
    .selectAll()
    .where("id", ">", readPosition(after ?? "0"));
  const scanned: Select<Tables["dead_letters"]> =
    topicPrefixes === undefined
      ? beyond
      : db.selectFrom(beyond.orderBy("id").limit(MAX_SCANNED_ENTRIES).as("dead_letters")).selectAll();
  return scanned
    .where(topicReach(topicPrefixes))
    .$if(topic !== undefined, (page) => page.where("topic", "=", String(topic)).orderBy("topic"))
    .orderBy("id")
    .limit(limit + 1);
}

/** Selects the last dead letter that the page reads, unless it reads all of them. */
function selectCeiling(db: QueryCreator<Tables>, { topicPrefixes, after }: DeadLetterQuery) {
  return db
    .selectFrom("dead_letters")
    .select("id as last_scanned")
    .where("id", ">", readPosition(after ?? "0"))
    .where(sql<boolean>`${topicPrefixes !== undefined}`)
    .orderBy("id")
    .limit(1)
    .offset(MAX_SCANNED_ENTRIES - 1);
}

/** `DeadLetterStore.findDeadLetterTopic`. */
export async function findDeadLetterTopic(db: Kysely<Tables>, deadLetterId: string): Promise<string | undefined> {
  const id = readDeadLetterId(deadLetterId);
  if (id === undefined) return undefined;
  const row = await db.selectFrom("dead_letters").select("topic").where("id", "=", String(id)).executeTakeFirst();
  return row?.topic ?? undefined;
}

type Row = Omit<DeadLetter, "topic" | "content"> & {
  topic: string | null;
  content: Buffer;
  found: string;
  last_scanned: string | null;
};

function readDeadLetter({ topic, content, found: _found, last_scanned: _last, ...letter }: Row): DeadLetter {
  return { ...letter, topic: topic ?? undefined, content: showContent(content) };
}

/** @throws {InvalidInput} `invalid_cursor` */
function readPosition(text: string): string {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return text;
  throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "this cursor was not issued by this service" });
}
