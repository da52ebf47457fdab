import {
  MAX_SUMMED_TOPICS,
  type SelectedBooks,
  type TopicBooks,
  type TopicBooksQuery,
} from "@tidemark/event-store/books";
import type { Database } from "better-sqlite3";
import { topicReach } from "./topic-reach.ts";

type Sums = Omit<SelectedBooks, "byTopic" | "hasMoreTopics">;

/** Prepares `EventReader.readTopicBooks`. The primary key of the counters finds the topics of a prefix. */
export function prepareTopicBooks(database: Database): (query: TopicBooksQuery) => SelectedBooks {
  const read = database.transaction(({ topicPrefixes, topic, maxTopics }: TopicBooksQuery): SelectedBooks => {
    const { conditions, parameters } = topicReach(topicPrefixes);
    const selected = `FROM (SELECT * FROM topic_counters WHERE ${conditions.join(" AND ")} LIMIT ${MAX_SUMMED_TOPICS + 1})`;
    const sums = database
      .prepare<[Record<string, unknown>], Sums>(
        `SELECT count(*) AS "topicsTotal", coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicates,
           coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead_lettered), 0) AS "deadLettered"
         ${selected}`,
      )
      .get(parameters) as Sums;
    const byTopic = database
      .prepare<[Record<string, unknown>], TopicBooks>(
        `SELECT topic, stored, duplicates, conflicts, dead_lettered AS "deadLettered",
           last_processed_at AS "lastProcessedAt"
         ${selected} WHERE @topic IS NULL OR topic = @topic
         ORDER BY stored + duplicates + dead_lettered DESC, topic LIMIT @maxTopics`,
      )
      .all({ ...parameters, topic: topic ?? null, maxTopics });
    const hasMoreTopics = sums.topicsTotal > MAX_SUMMED_TOPICS;
    return { ...sums, topicsTotal: Math.min(sums.topicsTotal, MAX_SUMMED_TOPICS), byTopic, hasMoreTopics };
  });
  return read.deferred;
}
