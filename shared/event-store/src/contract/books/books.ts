import { describe, expect, test } from "vitest";
import type { EventStore } from "../../event-store.ts";
import { apply, findStored, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

/** Applies five events in the busiest topic, three in the next, one in the last. */
async function fillThreeTopics(store: EventStore): Promise<void> {
  const [busy, calm] = [eventText({ topic: "busy", id: "e" }), eventText({ topic: "calm", id: "e" })];
  const conflict = eventText({ topic: "busy", id: "e", payload: '{"n":1}' });
  await verdictsOf(store, [calm, busy, busy], [conflict, calm, calm]);
  await verdictsOf(store, [eventText({ topic: "busy" }), eventText({ topic: "quiet" }), eventText({ topic: "busy" })]);
}

export function describeBooks(open: OpenForTest): void {
  describe("the books", () => {
    test("the books are empty in an empty store", async () => {
      const { store } = await open();

      const log = { generation: "i", held: [], lastSequence: 9 };
      expect(await store.readBooks({ maxTopics: 10, maxSources: 10, log })).toEqual({
        stored: 0,
        duplicates: 0,
        conflicts: 0,
        deadLettered: 0,
        topicsTotal: 0,
        byTopic: [],
        sourcesTotal: 0,
        bySource: [],
        appliedHeldEvents: 0,
        appliedGoneFrames: 0,
        appliedEvents: 0,
        tableDrift: 0,
        lost: { events: 0, frames: 0 },
      });
    });

    test("the books count all events, and those of each topic, the busiest first", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      const { byTopic, ...books } = await store.readBooks({ maxTopics: 10 });

      expect(books).toMatchObject({ stored: 5, duplicates: 4, conflicts: 1, deadLettered: 0, topicsTotal: 3 });
      expect(byTopic).toMatchObject([
        { topic: "busy", stored: 3, duplicates: 2, conflicts: 1, deadLettered: 0 },
        { topic: "calm", stored: 1, duplicates: 2, conflicts: 0, deadLettered: 0 },
        { topic: "quiet", stored: 1, duplicates: 0, conflicts: 0, deadLettered: 0 },
      ]);
    });

    test("the books list no more topics than requested, and count all of them", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      const books = await store.readBooks({ maxTopics: 2 });

      expect(books.byTopic.map(({ topic }) => topic)).toEqual(["busy", "calm"]);
      expect(books).toMatchObject({ stored: 5, duplicates: 4, topicsTotal: 3 });
    });

    test("the books list one topic beside the totals", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      expect(await store.readBooks({ maxTopics: 1, topic: "quiet" })).toMatchObject({
        stored: 5,
        topicsTotal: 3,
        byTopic: [{ topic: "quiet", stored: 1 }],
      });
      expect((await store.readBooks({ maxTopics: 1, topic: "unheard of" })).byTopic).toEqual([]);
    });

    test("the books have the time at which an event of a topic, even a duplicate, was last processed", async () => {
      const { store } = await open();
      const event = eventText({ topic: "t", id: "e" });
      await verdictsOf(store, [event]);
      const stored = await findStored(store, "t", "e");
      expect((await store.readBooks({ maxTopics: 1 })).byTopic[0]?.lastProcessedAt).toBe(stored.processedAt);

      const copy = deliveryOf([event]);
      await apply(store, copy);

      const entry = await store.findFrame(copy.frame.id);
      expect((await store.readBooks({ maxTopics: 1 })).byTopic[0]?.lastProcessedAt).toBe(entry?.processedAt);
    });

    test("the books are the same after the store was closed and opened again", async () => {
      const { store, reopen } = await open();
      await fillThreeTopics(store);
      const all = { maxTopics: 10, maxSources: 10 };
      const books = await store.readBooks(all);

      const reopened = await reopen();

      expect(await reopened.readBooks(all)).toEqual(books);
    });

    test("the books count the events of a call with many topics", async () => {
      const { store } = await open();
      const events = Array.from({ length: 1_500 }, (_, index) => eventText({ topic: `t${index % 500}` }));

      await verdictsOf(store, events.slice(0, 700), events.slice(700), events);

      const books = await store.readBooks({ maxTopics: 1_000 });
      expect(books).toMatchObject({ stored: 1_500, duplicates: 1_500, topicsTotal: 500 });
      expect(new Set(books.byTopic.map((topic) => `${topic.stored}+${topic.duplicates}`))).toEqual(new Set(["3+3"]));
    });
  });
}
