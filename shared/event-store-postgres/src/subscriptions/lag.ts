import { MAX_COUNTED_EVENTS, type Subscription, type SubscriptionLag } from "@tidemark/event-store/subscriptions";
import { type Kysely, sql } from "kysely";
import { LAST_POSITION, positionValues } from "../read/positions.ts";
import { topicReach } from "../read/topic-reach.ts";
import { utcText } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";

interface LagRow {
  passed: string;
  unread: string;
  expired: string;
  oldest: string | null;
  latest: string | null;
}

/**
 * `SubscriptionStore.readLag`: looks at the next 10,000 events of the topic, or of all topics. Like lists, it names the topic
 * in the bounds and the order, so that the planner reads one range of one index.
 */
export async function readLag(
  db: Kysely<Tables>,
  { topic, topicPrefix, position }: Subscription,
): Promise<SubscriptionLag> {
  const keys = sql.raw(topic === undefined ? "tx, ord" : "topic, tx, ord");
  const prefix = topic === undefined ? sql`` : sql`${topic}::text, `;
  const isUnread = topicReach(topicPrefix === undefined ? undefined : [topicPrefix]);
  const { rows } = await sql<LagRow>`
    WITH passed AS MATERIALIZED (
      SELECT topic, processed_at, payload_expired_at FROM events
      WHERE (${keys}) > (${prefix}${positionValues(position)}) AND (${keys}) < (${prefix}${positionValues(LAST_POSITION)})
      ORDER BY ${keys} LIMIT ${MAX_COUNTED_EVENTS}
    ), counted AS (
      SELECT count(*) AS passed, count(*) FILTER (WHERE ${isUnread}) AS unread,
        count(*) FILTER (WHERE ${isUnread} AND payload_expired_at IS NOT NULL) AS expired,
        min(processed_at) FILTER (WHERE ${isUnread}) AS oldest, max(processed_at) AS latest
      FROM passed
    )
    SELECT passed, unread, expired, ${utcText("oldest")} AS oldest, ${utcText("latest")} AS latest FROM counted`.execute(
    db,
  );
  const { passed, unread, expired, oldest, latest } = rows[0] as LagRow;
  const isExact = Number(passed) < MAX_COUNTED_EVENTS;
  const oldestStoredAt = oldest ?? (isExact ? null : latest);
  return {
    events: Number(unread),
    isExact,
    expired: Number(expired),
    ...(oldestStoredAt !== null && { oldestStoredAt }),
  };
}
