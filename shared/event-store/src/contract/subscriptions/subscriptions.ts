import { describe, expect, test } from "vitest";
import {
  type Acknowledgement,
  MAX_SUBSCRIPTIONS,
  type NewSubscription,
  type Subscription,
  type SubscriptionStart,
} from "../../subscriptions.ts";
import { untilScannable, verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

/** Creates a subscription that does not exist. */
export async function subscribe(store: CompleteStore, given: Partial<NewSubscription> = {}): Promise<Subscription> {
  const created = await store.createSubscription({ name: "billing", from: "beginning", ...given });
  if (created === undefined || !created.isNew) throw new Error("the subscription was not created");
  return created.subscription;
}

let pages = 0;

/** Returns the acknowledgement of a page that the subscription's reader has taken, up to the end of what is stored. */
export async function pageOf(store: CompleteStore, subscription: Subscription): Promise<Acknowledgement> {
  const { name, createdAt, position, acknowledged, topic, topicPrefix } = subscription;
  const reach = { ...(topic && { topic }), ...(topicPrefix && { topicPrefixes: [topicPrefix] }) };
  const { events, next } = await store.listEvents({ order: "asc", limit: 100, after: position, ...reach });
  const [to, pageId] = [next ?? position, `page ${++pages}`];
  return { name, createdAt, from: position, acknowledged, to, events: events.length, pageId };
}

async function idsBehind(store: CompleteStore, { position }: Subscription): Promise<string[]> {
  await untilScannable(store);
  const { events } = await store.listEvents({ order: "asc", limit: 100, after: position });
  return events.map(({ eventId }) => eventId);
}

async function storeOne(store: CompleteStore, id: string): Promise<void> {
  expect(await verdictsOf(store, [eventText({ id })])).toEqual(["s"]);
}

export function describeSubscriptions(open: OpenForTest): void {
  describe("subscriptions", () => {
    test("a subscription begins before all events, behind all events, or at the time at which an event was stored", async () => {
      const { store } = await open();
      await storeOne(store, "first");
      const old = await subscribe(store, { name: "from the beginning" });
      await untilScannable(store);
      const current = await subscribe(store, { name: "from now on", from: "now" });
      await storeOne(store, "second");

      const timed = (name: string, storedSince: string) => subscribe(store, { name, from: { storedSince } });
      expect(await idsBehind(store, old)).toEqual(["first", "second"]);
      expect(await idsBehind(store, current)).toEqual(["second"]);
      expect(await idsBehind(store, await timed("past", "2001-01-01T00:00:00.000000Z"))).toEqual(["first", "second"]);
      expect(await idsBehind(store, await timed("future", "2999-01-01T00:00:00.000000Z"))).toEqual([]);
    });

    test("a subscription that begins at a time has every event stored since, and none from more than a minute before", async () => {
      const { store, change } = await open();
      for (let hour = 1; hour <= 9; hour++) {
        await storeOne(store, `at ${hour}`);
        await change(
          `UPDATE events SET processed_at = '2025-10-23T0${hour}:00:00.000000Z' WHERE event_id = 'at ${hour}'`,
        );
      }

      for (let hour = 1; hour <= 9; hour++) {
        const from: SubscriptionStart = { storedSince: `2025-10-23T0${hour}:00:00.000000Z` };
        const subscription = await subscribe(store, { name: `since ${hour}`, from });
        expect(await idsBehind(store, subscription)).toEqual(
          [1, 2, 3, 4, 5, 6, 7, 8, 9].slice(hour - 1).map((at) => `at ${at}`),
        );
      }
    });

    test("a subscription that begins at a time may begin inside of a transaction", async () => {
      const { store, change } = await open();
      const ids = ["at 1", "at 2", "at 3"];
      await verdictsOf(
        store,
        ids.map((id) => eventText({ id })),
      );
      for (const id of ids) {
        const processedAt = `2025-10-23T0${id.at(-1)}:00:00.000000Z`;
        await change(`UPDATE events SET processed_at = '${processedAt}' WHERE event_id = '${id}'`);
      }
      const from: SubscriptionStart = { storedSince: "2025-10-23T02:00:00.000000Z" };
      expect(await idsBehind(store, await subscribe(store, { from }))).toEqual(["at 2", "at 3"]);
    });

    test("a subscription that begins at a time skips no event, even if the times are out of order", async () => {
      const { store, change } = await open();
      for (const [id, second] of [
        ["a", 5],
        ["b", 3],
        ["c", 6],
      ] as const) {
        await storeOne(store, id);
        await change(`UPDATE events SET processed_at = '2025-10-23T10:00:0${second}.000000Z' WHERE event_id = '${id}'`);
      }
      const from: SubscriptionStart = { storedSince: "2025-10-23T10:00:04.000000Z" };
      expect(await idsBehind(store, await subscribe(store, { from }))).toEqual(expect.arrayContaining(["a", "c"]));
    });

    test("a subscription that exists keeps its position and its topics when it is created again", async () => {
      const { store } = await open();
      const first = await subscribe(store, { topic: "orders" });
      await storeOne(store, "a");

      const again = await store.createSubscription({ name: "billing", topicPrefix: "x", from: "now" });

      expect(again).toEqual({ subscription: first, isNew: false });
      expect(await store.findSubscription("billing")).toEqual(first);
      expect(first).toMatchObject({ name: "billing", topic: "orders", acknowledged: 0 });
      expect(first).not.toHaveProperty("topicPrefix");
    });

    test("an acknowledged page moves the position, and the same page may be acknowledged again", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ id: "a" }), eventText({ id: "b" })]);
      await untilScannable(store);
      const page = await pageOf(store, await subscribe(store));

      const acknowledged = await store.acknowledge(page);
      expect(acknowledged).toMatchObject({ isAccepted: true, subscription: { position: page.to, acknowledged: 2 } });
      expect(await store.acknowledge(page)).toEqual(acknowledged);
      expect(await store.findSubscription("billing")).toEqual(acknowledged?.subscription);
    });

    test("a page may be acknowledged again after an empty page, and so may the empty page", async () => {
      const { store } = await open();
      await storeOne(store, "a");
      await untilScannable(store);
      const page = await pageOf(store, await subscribe(store));
      await store.acknowledge(page);
      const empty = await pageOf(store, (await store.findSubscription("billing")) as Subscription);
      expect(empty.events).toBe(0);

      for (const again of [empty, empty, page]) {
        expect(await store.acknowledge(again)).toMatchObject({ isAccepted: true });
      }
      expect(await store.findSubscription("billing")).toMatchObject({ position: empty.to, acknowledged: 1 });

      await storeOne(store, "b");
      await untilScannable(store);
      await store.acknowledge(await pageOf(store, (await store.findSubscription("billing")) as Subscription));
      expect(await store.acknowledge(page)).toMatchObject({ isAccepted: false });
    });

    test("a page is accepted even if an empty page that was read earlier is acknowledged late", async () => {
      const { store } = await open();
      const subscription = await subscribe(store, { topic: "orders" });
      const empties = [];
      for (const id of ["a", "b"]) {
        expect(await verdictsOf(store, [eventText({ id, topic: "invoices" })])).toEqual(["s"]);
        await untilScannable(store);
        empties.push(await pageOf(store, subscription));
      }
      expect(await verdictsOf(store, [eventText({ id: "c", topic: "orders" })])).toEqual(["s"]);
      await untilScannable(store);
      const page = await pageOf(store, subscription);
      expect([...empties, page].map(({ events }) => events)).toEqual([0, 0, 1]);

      for (const late of [...empties, page]) {
        expect(await store.acknowledge(late)).toMatchObject({ isAccepted: true, subscription: { position: late.to } });
      }
      for (const late of empties) expect(await store.acknowledge(late)).toMatchObject({ isAccepted: false });
      expect(await store.findSubscription("billing")).toMatchObject({ position: page.to, acknowledged: 1 });
    });

    test("of two workers that read the same page the first is accepted, and the other learns the position", async () => {
      const { store } = await open();
      await storeOne(store, "a");
      await untilScannable(store);
      const subscription = await subscribe(store);
      const [first, second] = [await pageOf(store, subscription), await pageOf(store, subscription)];

      const answers = await Promise.all([store.acknowledge(first), store.acknowledge(second)]);

      expect(answers.filter((answer) => answer?.isAccepted)).toHaveLength(1);
      const found = await store.findSubscription("billing");
      expect(found).toMatchObject({ acknowledged: 1, position: first.to });
      const refused = await store.acknowledge(answers[0]?.isAccepted ? second : first);
      expect(refused).toEqual({ isAccepted: false, subscription: found });
    });

    test("a page of a subscription that was deleted and created again is not accepted", async () => {
      const { store } = await open();
      await storeOne(store, "a");
      await untilScannable(store);
      const page = await pageOf(store, await subscribe(store));
      expect(await store.deleteSubscription("billing")).toBe(true);
      expect(await store.acknowledge(page)).toBeUndefined();
      expect(await store.deleteSubscription("billing")).toBe(false);

      await expect.poll(async () => (await recreate(store)).createdAt).not.toBe(page.createdAt);
      expect(await store.acknowledge(page)).toMatchObject({ isAccepted: false, subscription: { acknowledged: 0 } });
    });

    test("subscriptions survive a restart, and are listed in the order of their names", async () => {
      const { store, reopen } = await open();
      const names = ["é", "b", "a\u{1F600}", "B", "*/?"];
      for (const name of names) await subscribe(store, { name });
      await storeOne(store, "a");
      await untilScannable(store);
      await store.acknowledge(await pageOf(store, (await store.findSubscription("b")) as Subscription));
      const listed = await store.listSubscriptions();

      expect(await (await reopen()).listSubscriptions()).toEqual(listed);
      expect(listed.map(({ name }) => name)).toEqual(["*/?", "B", "a\u{1F600}", "b", "é"]);
    });

    test("a subscription beyond the limit is not created", async () => {
      const { store } = await open();
      for (let number = 0; number < MAX_SUBSCRIPTIONS; number++) await subscribe(store, { name: `name ${number}` });

      expect(await store.createSubscription({ name: "one more", from: "now" })).toBeUndefined();
      expect(await store.createSubscription({ name: "name 7", from: "now" })).toMatchObject({ isNew: false });
      await store.deleteSubscription("name 7");
      await subscribe(store, { name: "one more" });
    });
  });
}

async function recreate(store: CompleteStore): Promise<Subscription> {
  await store.deleteSubscription("billing");
  return subscribe(store);
}
