import { describe, expect, test } from "vitest";
import { MAX_COUNTED_EVENTS, type Subscription } from "../../subscriptions.ts";
import { findStored, untilScannable, verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";
import { pageOf, subscribe } from "./subscriptions.ts";

const NOTHING = { events: 0, isExact: true, expired: 0 };

async function lagOf(store: CompleteStore, { name }: Pick<Subscription, "name">) {
  return store.readLag((await store.findSubscription(name)) as Subscription);
}

export function describeSubscriptionLag(open: OpenForTest): void {
  describe("the lag of a subscription", () => {
    test("the lag is the number of unacknowledged events of the topics, and the time at which the first was stored", async () => {
      const { store } = await open();
      const all = await subscribe(store, { name: "all" });
      const one = await subscribe(store, { name: "one", topic: "orders.b" });
      const some = await subscribe(store, { name: "some", topicPrefix: "orders." });
      for (const subscription of [all, one, some]) expect(await lagOf(store, subscription)).toEqual(NOTHING);

      await verdictsOf(store, [eventText({ topic: "invoices", id: "1" }), eventText({ topic: "orders.a", id: "1" })]);
      await verdictsOf(store, [eventText({ topic: "orders.b", id: "1" }), eventText({ topic: "orders.b", id: "1" })]);

      const since = async (topic: string) => ({ oldestStoredAt: (await findStored(store, topic, "1")).processedAt });
      expect(await lagOf(store, all)).toEqual({ ...NOTHING, events: 3, ...(await since("invoices")) });
      expect(await lagOf(store, one)).toEqual({ ...NOTHING, events: 1, ...(await since("orders.b")) });
      expect(await lagOf(store, some)).toEqual({ ...NOTHING, events: 2, ...(await since("orders.a")) });

      await untilScannable(store);
      await store.acknowledge(await pageOf(store, some));
      expect(await lagOf(store, some)).toEqual(NOTHING);
    });

    test("the count of a lag ends after 10,000 stored events, and says that there may be more", async () => {
      const { store } = await open();
      const events = Array.from({ length: MAX_COUNTED_EVENTS }, (_, n) => eventText({ topic: "many", id: `${n}` }));
      await verdictsOf(store, events);
      await verdictsOf(store, [eventText({ topic: "rare", id: "1" })]);
      const all = await subscribe(store, { name: "all" });
      const rare = await subscribe(store, { name: "rare", topicPrefix: "rar" });

      const { processedAt } = await findStored(store, "many", "1");
      const bounded = { isExact: false, expired: 0, oldestStoredAt: processedAt };
      expect(await lagOf(store, all)).toEqual({ ...bounded, events: MAX_COUNTED_EVENTS });
      expect(await lagOf(store, rare)).toEqual({ ...bounded, events: 0 });
      expect(await lagOf(store, await subscribe(store, { name: "topic", topic: "rare" }))).toMatchObject({
        events: 1,
        isExact: true,
      });
    });

    test("the lag counts unacknowledged events whose payload has expired", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ topic: "t", id: "a" }), eventText({ topic: "t", id: "b" })]);
      await untilScannable(store);
      const { processedAt } = await findStored(store, "t", "b");
      await store.expirePayloads({ processedBeforeMs: Date.parse(processedAt) + 1_000, limit: 10 });
      await verdictsOf(store, [eventText({ id: "c" })]);

      expect(await lagOf(store, await subscribe(store))).toMatchObject({ events: 3, expired: 2 });
    });
  });
}
