import {
  MAX_SUMMED_TOPICS,
  type SelectedBooks,
  type TopicBooks,
  type TopicBooksQuery,
} from "@tidemark/event-store/books";
import { topicRange } from "@tidemark/event-store/topic-range";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import { statementFile } from "../connection/statement-file.ts";
import type { Tables } from "../schema/tables.ts";

const TOPIC_BOOKS = statementFile(new URL("topic-books.sql", import.meta.url));

interface Row {
  topics_total: string;
  stored: string;
  duplicates: string;
  conflicts: string;
  dead_lettered: string;
  by_topic: TopicBooks[];
}

/** `EventReader.readTopicBooks`. */
export async function readTopicBooks(
  db: Kysely<Tables>,
  { topicPrefixes, topic, maxTopics }: TopicBooksQuery,
): Promise<SelectedBooks> {
  const ranges = topicPrefixes.map(topicRange);
  const bounds = [ranges.map(({ from }) => from), ranges.map(({ before }) => before)];
  const row = await queryRow<Row>(db, await TOPIC_BOOKS(), [...bounds, topic ?? null, maxTopics, MAX_SUMMED_TOPICS]);
  const found = Number(row.topics_total);
  return {
    topicsTotal: Math.min(found, MAX_SUMMED_TOPICS),
    hasMoreTopics: found > MAX_SUMMED_TOPICS,
    stored: Number(row.stored),
    duplicates: Number(row.duplicates),
    conflicts: Number(row.conflicts),
    deadLettered: Number(row.dead_lettered),
    byTopic: row.by_topic,
  };
}
