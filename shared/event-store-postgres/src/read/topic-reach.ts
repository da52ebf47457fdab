import { topicRange } from "@tidemark/event-store/topic-range";
import { type RawBuilder, sql } from "kysely";

/** Returns the condition that a topic begins with one of the prefixes; always true without prefixes. */
export function topicReach(prefixes: readonly string[] | undefined): RawBuilder<boolean> {
  if (prefixes === undefined) return sql<boolean>`true`;
  if (prefixes.length === 0) return sql<boolean>`false`;
  const ranges = prefixes.map(topicRange).map(({ from, before }) => sql`(topic >= ${from} AND topic < ${before})`);
  return sql<boolean>`(${sql.join(ranges, sql` OR `)})`;
}
