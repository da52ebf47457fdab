import { Unavailable } from "@tidemark/domain/errors";
import type { SubscriptionLag, SubscriptionStore } from "@tidemark/event-store/subscriptions";
import { within } from "@tidemark/runtime/health";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { lagSeconds, payloadsExpireInSeconds } from "./subscription-answer.ts";

/** How long scrapes share one read. It counts up to 10,000 events for each of at most 100 subscriptions. */
const SHARED_MS = 30_000;
/** The time that a scrape waits for a read. A read that takes longer ends for the next scrape. */
const WAIT_MS = 2_000;

interface Overview {
  subscriptions: number;
  lags: SubscriptionLag[];
  readAtMs: number;
}

export interface SubscriptionMetricsOptions {
  store: Pick<SubscriptionStore, "listSubscriptions" | "readLag">;
  /** The number of days for which payloads are kept; 0: indefinitely. */
  retentionDays: number;
  nowMs?: () => number;
}

/** Adds the gauges of all subscriptions together. No label names one, because clients choose the names. */
export function addSubscriptionMetrics(
  metrics: Metrics,
  { store, retentionDays, nowMs = Date.now }: SubscriptionMetricsOptions,
): void {
  const most = (values: number[]) => Math.max(0, ...values);
  metrics.readGauges({
    read: createSharedRead({ store, nowMs }),
    gauges: [
      {
        name: "tidemark_subscriptions",
        help: "Durable subscriptions.",
        value: (seen) => seen?.subscriptions,
      },
      {
        name: "tidemark_subscription_lag_events",
        help: "Events that the subscription with the most has not acknowledged, counted up to 10,000.",
        value: (seen) => seen && most(seen.lags.map(({ events }) => events)),
      },
      {
        name: "tidemark_subscription_lag_seconds",
        help: "The time since the oldest event was stored that a subscription has not acknowledged. 0 if there is none.",
        value: (seen) => seen && most(seen.lags.map((lag) => lagSeconds(lag, nowMs()) ?? 0)),
      },
      {
        name: "tidemark_subscription_payloads_expire_seconds",
        help: "The time until retention removes a payload that a subscription has not acknowledged. Absent if there is none.",
        value: (seen) => {
          const times = (seen?.lags ?? []).map((lag) =>
            payloadsExpireInSeconds(lag, { retentionDays, nowMs: nowMs() }),
          );
          const known = times.filter((time) => time !== null);
          return known.length === 0 ? undefined : Math.min(...known);
        },
      },
    ],
  });
}

/** Returns a function that reads the lags at most every 30 seconds. It returns undefined while the store does not answer. */
function createSharedRead({ store, nowMs }: Required<Omit<SubscriptionMetricsOptions, "retentionDays">>) {
  let last: Overview | undefined;
  let reading: Promise<void> | undefined;
  const read = async () => {
    const readAtMs = nowMs();
    const lags = [];
    const subscriptions = await store.listSubscriptions();
    for (const subscription of subscriptions) lags.push(await store.readLag(subscription));
    last = { subscriptions: subscriptions.length, lags, readAtMs };
  };
  return async (): Promise<Overview | undefined> => {
    if (last !== undefined && nowMs() - last.readAtMs < SHARED_MS) return last;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    try {
      await within(WAIT_MS, reading);
      return last;
    } catch (error) {
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  };
}
