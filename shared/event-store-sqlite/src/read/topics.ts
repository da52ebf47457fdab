import { MAX_EXAMINED_TOPICS, type TopicBooks, type TopicListQuery, type TopicPage } from "@tidemark/event-store/books";
import { topicRange } from "@tidemark/event-store/topic-range";
import type { Database } from "better-sqlite3";

const ALL_TOPICS = [""];

type Row = TopicBooks & { isFound: number };

/** Prepares `EventReader.listTopics`. The primary key of the counters finds the topics of each range in their order. */
export function prepareTopicListing(database: Database): (query: TopicListQuery) => TopicPage {
  const examine = database.prepare<[Record<string, unknown>], Row>(
    `SELECT topic, stored, duplicates, conflicts, dead_lettered AS "deadLettered",
       last_processed_at AS "lastProcessedAt",
       @containing IS NULL OR instr(lower(topic), lower(@containing)) > 0 AS "isFound"
     FROM topic_counters WHERE topic >= max(@from, @after) AND topic < @before AND (@isFirst OR topic <> @after)
     ORDER BY topic LIMIT ${MAX_EXAMINED_TOPICS}`,
  );

  const read = database.transaction(({ topicPrefixes = ALL_TOPICS, ...query }: TopicListQuery): TopicPage => {
    const { containing = null, limit, after } = query;
    const position = { after: after ?? "", isFirst: Number(after === undefined), containing };
    const topics: TopicBooks[] = [];
    let examined = 0;
    for (const range of topicPrefixes.map(topicRange).sort(byFirstByte)) {
      for (const { isFound, ...books } of examine.iterate({ ...range, ...position })) {
        examined++;
        if (isFound === 1 && topics.length === limit) return { topics, next: topics.at(-1)?.topic as string };
        if (isFound === 1) topics.push(books);
        if (examined === MAX_EXAMINED_TOPICS) return { topics, next: books.topic };
      }
    }
    return { topics };
  });
  return read.deferred;
}

function byFirstByte(one: { from: string }, other: { from: string }): number {
  return Buffer.compare(Buffer.from(one.from), Buffer.from(other.from));
}
