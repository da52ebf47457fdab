import { Unavailable } from "@tidemark/domain/errors";
import type { Subscription, SubscriptionLag } from "@tidemark/event-store/subscriptions";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { expect, test } from "vitest";
import { addSubscriptionMetrics } from "./subscription-metrics.ts";

const NOW = Date.parse("2030-01-10T00:00:00Z");
const HOUR_S = 3_600;
const NOTHING: SubscriptionLag = { events: 0, isExact: true, expired: 0 };

/** Starts the gauges over subscriptions with these lags. Returns a function that scrapes them. */
function openGauges(lags: () => SubscriptionLag[], { retentionDays = 0 } = {}) {
  const clock = { nowMs: NOW };
  let reads = 0;
  const metrics = new Metrics();
  const store = {
    listSubscriptions: async () => {
      reads++;
      return lags().map((_, index) => ({ name: `client's name ${index}` }) as Subscription);
    },
    readLag: async ({ name }: Subscription) => lags()[Number(name.at(-1))] ?? NOTHING,
  };
  addSubscriptionMetrics(metrics, { store, retentionDays, nowMs: () => clock.nowMs });
  const scrape = async () => {
    const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("tidemark_"));
    return Object.fromEntries(lines.map((line) => line.replace("tidemark_subscription", "").split(" ")));
  };
  return { scrape, clock, reads: () => reads };
}

const behind = (events: number, hours: number): SubscriptionLag => {
  const oldestStoredAt = new Date(NOW - hours * HOUR_S * 1_000).toISOString();
  return { events, isExact: true, expired: 0, oldestStoredAt };
};

test("the gauges show the number of subscriptions and the largest lags, and the payload that expires first", async () => {
  const { scrape } = openGauges(() => [behind(7, 1), NOTHING, behind(2, 30)], { retentionDays: 2 });
  expect(await scrape()).toEqual({
    s: "3",
    _lag_events: "7",
    _lag_seconds: `${30 * HOUR_S}`,
    _payloads_expire_seconds: `${18 * HOUR_S}`,
  });
});

test("without retention no payload expires, and without subscriptions nothing lags", async () => {
  expect(await openGauges(() => [behind(1, 1)]).scrape()).not.toHaveProperty("_payloads_expire_seconds");
  expect(await openGauges(() => [], { retentionDays: 2 }).scrape()).toEqual({
    s: "0",
    _lag_events: "0",
    _lag_seconds: "0",
  });
});

test("scrapes share what one of them has read for half a minute", async () => {
  let events = 1;
  const { scrape, clock, reads } = openGauges(() => [behind(events, 1)]);
  await Promise.all([scrape(), scrape()]);
  events = 2;
  clock.nowMs += 29_999;
  expect(await scrape()).toMatchObject({ _lag_events: "1" });
  expect(reads()).toBe(1);

  clock.nowMs += 1;
  expect(await scrape()).toMatchObject({ _lag_events: "2" });
});

test("while the store does not answer the gauges are absent, and come back", async () => {
  let isAway = true;
  const { scrape } = openGauges(() => {
    if (isAway) throw new Unavailable({ code: "store_unreachable", detail: "away" });
    return [behind(1, 1)];
  });
  expect(await scrape()).toEqual({});
  isAway = false;
  expect(await scrape()).toMatchObject({ s: "1" });
});
