import { MAX_EXAMINED_TOPICS, type TopicBooks, type TopicListQuery, type TopicPage } from "@tidemark/event-store/books";
import { topicRange } from "@tidemark/event-store/topic-range";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import { statementFile } from "../connection/statement-file.ts";
import type { Tables } from "../schema/tables.ts";

const TOPICS = statementFile(new URL("topics.sql", import.meta.url));
const ALL_TOPICS = [""];

interface Row {
  topics: TopicBooks[];
  /** The last examined topic. Null if all topics were examined. */
  examined_to: string | null;
}

/** `EventReader.listTopics`. */
export async function listTopics(
  db: Kysely<Tables>,
  { topicPrefixes = ALL_TOPICS, containing, limit, after }: TopicListQuery,
): Promise<TopicPage> {
  const ranges = topicPrefixes.map(topicRange);
  const bounds = [ranges.map(({ from }) => from), ranges.map(({ before }) => before)];
  const parameters = [...bounds, after ?? null, containing ?? null, limit + 1, MAX_EXAMINED_TOPICS];
  const { topics, examined_to } = await queryRow<Row>(db, await TOPICS(), parameters);
  const page = topics.slice(0, limit);
  const next = topics.length > limit ? page.at(-1)?.topic : examined_to;
  return { topics: page, ...(next != null && { next }) };
}
