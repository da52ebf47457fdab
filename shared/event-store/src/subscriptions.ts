/** The maximum number of subscriptions of a deployment. Concurrent requests may exceed it by a few. */
export const MAX_SUBSCRIPTIONS = 100;

/** The maximum number of stored events that a count of a lag examines. Examining them takes some milliseconds. */
export const MAX_COUNTED_EVENTS = 10_000;

/** The topics of a subscription: one, or those that begin with a prefix, or all. */
export interface Selection {
  topic?: string;
  topicPrefix?: string;
}

/** A durable subscription: a position in the order of commits that a reader moves by acknowledging what it has read. */
export interface Subscription extends Selection {
  name: string;
  /** The position behind the last acknowledged event. */
  position: string;
  /** The number of events acknowledged. */
  acknowledged: number;
  /** UTC, six digits of the second. Differs when a subscription is deleted and created again. */
  createdAt: string;
  /** The time of the last acknowledgement, or that of the creation. */
  updatedAt: string;
}

/**
 * The start of a subscription. `beginning` is before all events. `now` is behind the committed events; those of transactions that
 * began after the oldest open one may come along. `storedSince` (UTC, six digits of the second) is before the first event that
 * was stored then or later; events that were stored up to a minute earlier may come along.
 */
export type SubscriptionStart = "beginning" | "now" | { storedSince: string };

export interface NewSubscription extends Selection {
  name: string;
  from: SubscriptionStart;
}

/** A page that its reader has taken. */
export interface Acknowledgement {
  name: string;
  /** `Subscription.createdAt` when the page was read. */
  createdAt: string;
  /** The position of the subscription when the page was read. */
  from: string;
  /** `Subscription.acknowledged` when the page was read. */
  acknowledged: number;
  /** The position behind the page. */
  to: string;
  /** The number of events on the page. */
  events: number;
  /** A text that no other page has. */
  pageId: string;
}

export interface Acknowledged {
  subscription: Subscription;
  /** Whether this page is acknowledged, now or by an earlier call. False if the subscription has another position. */
  isAccepted: boolean;
}

/** The events that a subscription has not acknowledged. */
export interface SubscriptionLag {
  /** At most `MAX_COUNTED_EVENTS`. */
  events: number;
  /** False if there may be more events. */
  isExact: boolean;
  /** The number of the counted events whose payload has expired. */
  expired: number;
  /**
   * The time at which the first of the events was stored; UTC, six digits of the second. Absent if there is none. If the
   * count ended before it found one, the time of the last event that it has passed.
   */
  oldestStoredAt?: string;
}

/** Keeps durable subscriptions. Every method throws `Unavailable` (`store_unreachable`) when the store cannot answer. */
export interface SubscriptionStore {
  /**
   * Creates a subscription, unless one of that name exists. Returns undefined if there are `MAX_SUBSCRIPTIONS` already.
   */
  createSubscription(given: NewSubscription): Promise<{ subscription: Subscription; isNew: boolean } | undefined>;
  findSubscription(name: string): Promise<Subscription | undefined>;
  /** Reads all subscriptions in the order of their names. */
  listSubscriptions(): Promise<Subscription[]>;
  /**
   * Moves a subscription to the position behind a page, unless a page with events was acknowledged since this one was read.
   * Pages without events, also late ones of an earlier reader, do not matter. The same page may be acknowledged again, as
   * long as no later page with events is. Returns undefined if there is no such subscription.
   */
  acknowledge(page: Acknowledgement): Promise<Acknowledged | undefined>;
  /** Returns false if there is no such subscription. */
  deleteSubscription(name: string): Promise<boolean>;
  /** Counts what a subscription has not acknowledged. Its cost is bounded. */
  readLag(subscription: Subscription): Promise<SubscriptionLag>;
}
