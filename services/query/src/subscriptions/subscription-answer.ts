import type { Subscription, SubscriptionLag } from "@tidemark/event-store/subscriptions";
import type { SubscriptionAnswer } from "@tidemark/http-api/operations/subscriptions/subscription-schema";
import { eventsScope } from "../events/event-filters.ts";
import type { Cursors } from "../paging/cursor.ts";

const DAY_SECONDS = 24 * 60 * 60;

export interface AnswerOptions {
  cursors: Cursors;
  /** The number of days for which payloads are kept; 0: indefinitely. */
  retentionDays: number;
  nowMs: number;
}

/** Returns a subscription as the API shows it. */
export function subscriptionAnswer(
  subscription: Subscription,
  lag: SubscriptionLag,
  { cursors, retentionDays, nowMs }: AnswerOptions,
): SubscriptionAnswer {
  const { name, topic = null, topicPrefix = null, createdAt } = subscription;
  return {
    name,
    topic,
    topic_prefix: topicPrefix,
    ...currentPosition(subscription, cursors),
    created_at: createdAt,
    lag_events: lag.events,
    lag_exact: lag.isExact,
    lag_seconds: lagSeconds(lag, nowMs) ?? 0,
    payloads_expire_in_seconds: payloadsExpireInSeconds(lag, { retentionDays, nowMs }),
    payloads_expired: lag.expired,
  };
}

/** Returns the seconds since the first event that is not acknowledged was stored. Undefined if there is none. */
export function lagSeconds({ oldestStoredAt }: SubscriptionLag, nowMs: number): number | undefined {
  return oldestStoredAt === undefined ? undefined : Math.max(0, (nowMs - Date.parse(oldestStoredAt)) / 1_000);
}

/** Returns the seconds until retention removes a payload that is not acknowledged. Null if it removes none. */
export function payloadsExpireInSeconds(
  lag: SubscriptionLag,
  { retentionDays, nowMs }: Omit<AnswerOptions, "cursors">,
): number | null {
  const age = lagSeconds(lag, nowMs);
  return age === undefined || retentionDays === 0 ? null : Math.max(0, Math.round(retentionDays * DAY_SECONDS - age));
}

/** Returns where a subscription stands. The position is a cursor of `GET /events`. */
export function currentPosition({ topic, position, acknowledged, updatedAt }: Subscription, cursors: Cursors) {
  return { position: cursors.encode(position, eventsScope("asc", { topic })), acknowledged, updated_at: updatedAt };
}
