import { MAX_COUNTED_EVENTS, type Subscription, type SubscriptionLag } from "@tidemark/event-store/subscriptions";
import type { Database } from "better-sqlite3";
import { preparePositions } from "../read/positions.ts";
import { topicReach } from "../read/topic-reach.ts";

interface LagRow {
  passed: number;
  unread: number;
  expired: number;
  oldest: string | null;
  latest: string | null;
}

/** Prepares `SubscriptionStore.readLag`. It looks at the next 10,000 events of the topic, or of all topics. */
export function prepareLag(database: Database): (subscription: Subscription) => SubscriptionLag {
  const positions = preparePositions(database);
  const prepare = (within: string, { conditions, parameters }: ReturnType<typeof topicReach>) => {
    const isUnread = conditions[0] ?? "true";
    const count = database.prepare<[Record<string, string | number>], LagRow>(
      // Only two times are read: they are behind the payload, and a large payload is a chain of pages.
      `SELECT passed, unread, expired, (SELECT processed_at FROM events WHERE id = oldest_id) AS oldest,
         (SELECT processed_at FROM events WHERE id = latest_id) AS latest
       FROM (SELECT count(*) AS passed, count(*) FILTER (WHERE ${isUnread}) AS unread,
               count(*) FILTER (WHERE ${isUnread} AND payload_expired_at IS NOT NULL) AS expired,
               min(id) FILTER (WHERE ${isUnread}) AS oldest_id, max(id) AS latest_id
             FROM (SELECT id, topic, payload_expired_at FROM events
                   WHERE ${within} id > @after ORDER BY id LIMIT ${MAX_COUNTED_EVENTS}))`,
    );
    return (given: Record<string, string | number>) => count.get({ ...parameters, ...given }) as LagRow;
  };
  const countAll = prepare("", topicReach(undefined));
  const countTopic = prepare("topic = @topic AND", topicReach(undefined));

  return ({ topic, topicPrefix, position }) => {
    const after = positions.idUpTo(position);
    const count = topicPrefix === undefined ? countAll : prepare("", topicReach([topicPrefix]));
    return toLag(topic === undefined ? count({ after }) : countTopic({ topic, after }));
  };
}

function toLag({ passed, unread, expired, oldest, latest }: LagRow): SubscriptionLag {
  const isExact = passed < MAX_COUNTED_EVENTS;
  const oldestStoredAt = oldest ?? (isExact ? null : latest);
  return { events: unread, isExact, expired, ...(oldestStoredAt !== null && { oldestStoredAt }) };
}
