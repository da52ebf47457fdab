import type { BooksQuery, EventStore } from "@tidemark/shared/event-store/event-store";
import { describe, expect, test } from "vitest";
import { deliveryOf, eventText } from "../../support/frames.ts";
import type { OpenForTest } from "../event-store-contract.ts";
import { apply, findStored, verdictsOf } from "./applying.ts";

/** Five copies in the busiest topic, three in the next, one in the last. */
async function fillThreeTopics(store: EventStore): Promise<void> {
  const [busy, calm] = [eventText({ topic: "busy", id: "e" }), eventText({ topic: "calm", id: "e" })];
  const conflict = eventText({ topic: "busy", id: "e", payload: '{"n":1}' });
  await verdictsOf(store, [calm, busy, busy], [conflict, calm, calm]);
  await verdictsOf(store, [eventText({ topic: "busy" }), eventText({ topic: "quiet" }), eventText({ topic: "busy" })]);
}

export function describeBooks(open: OpenForTest): void {
  describe("books", () => {
    test("of an empty store are empty", async () => {
      const { store } = await open();

      const log = { incarnation: "i", held: [] };
      expect(await store.readBooks({ maxTopics: 10, log })).toEqual({
        unique: 0,
        duplicates: 0,
        conflicts: 0,
        deadLettered: 0,
        topicsTotal: 0,
        byTopic: [],
        appliedHeldEvents: 0,
      });
    });

    test("count all, and by topic, the busiest first", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      const { byTopic, ...books } = await store.readBooks({ maxTopics: 10 });

      expect(books).toMatchObject({ unique: 5, duplicates: 4, conflicts: 1, deadLettered: 0, topicsTotal: 3 });
      expect(byTopic).toMatchObject([
        { topic: "busy", unique: 3, duplicates: 2, conflicts: 1, deadLettered: 0 },
        { topic: "calm", unique: 1, duplicates: 2, conflicts: 0, deadLettered: 0 },
        { topic: "quiet", unique: 1, duplicates: 0, conflicts: 0, deadLettered: 0 },
      ]);
    });

    test("show no more topics than asked for, and count them all", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      const books = await store.readBooks({ maxTopics: 2 });

      expect(books.byTopic.map(({ topic }) => topic)).toEqual(["busy", "calm"]);
      expect(books).toMatchObject({ unique: 5, duplicates: 4, topicsTotal: 3 });
    });

    test("tell about one topic beside the totals", async () => {
      const { store } = await open();
      await fillThreeTopics(store);

      expect(await store.readBooks({ maxTopics: 1, topic: "quiet" })).toMatchObject({
        unique: 5,
        topicsTotal: 3,
        byTopic: [{ topic: "quiet", unique: 1 }],
      });
      expect((await store.readBooks({ maxTopics: 1, topic: "unheard of" })).byTopic).toEqual([]);
    });

    test("say when a topic was last processed, be it a copy", async () => {
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

    test("stay when the store is opened again", async () => {
      const { store, reopen } = await open();
      await fillThreeTopics(store);
      const books = await store.readBooks({ maxTopics: 10 });

      const reopened = await reopen();

      expect(await reopened.readBooks({ maxTopics: 10 })).toEqual(books);
    });

    test("count the events of a call with many topics", async () => {
      const { store } = await open();
      const events = Array.from({ length: 1_500 }, (_, index) => eventText({ topic: `t${index % 500}` }));

      await verdictsOf(store, events.slice(0, 700), events.slice(700), events);

      const books = await store.readBooks({ maxTopics: 1_000 });
      expect(books).toMatchObject({ unique: 1_500, duplicates: 1_500, topicsTotal: 500 });
      expect(new Set(books.byTopic.map((topic) => `${topic.unique}+${topic.duplicates}`))).toEqual(new Set(["3+3"]));
    });
  });

  describe("books beside the log", () => {
    const log = { incarnation: "now", held: [{ first: 1, last: 9 }] };
    const read = async (store: EventStore, query: BooksQuery["log"]) => {
      const books = await store.readBooks({ maxTopics: 1, ...(query && { log: query }) });
      return books.appliedHeldEvents;
    };
    /** Frames of 1, 2, 3 and 4 events at the sequences 2, 4, 6 and 8, and one of 5 in another log. */
    const fill = async (store: EventStore) => {
      const frames = [1, 2, 3, 4].map((size) =>
        deliveryOf(
          Array.from({ length: size }, () => eventText()),
          { incarnation: "now", sequence: 2 * size },
        ),
      );
      const elsewhere = Array.from({ length: 5 }, () => eventText());
      await apply(store, ...frames, deliveryOf(elsewhere, { incarnation: "before", sequence: 5 }));
    };

    test("count events that are applied and still held", async () => {
      const { store } = await open();
      await fill(store);

      expect(await read(store, log)).toBe(10);
      const held = [
        { first: 1, last: 3 },
        { first: 5, last: 5 },
        { first: 6, last: 7 },
      ];
      expect(await read(store, { ...log, held })).toBe(4);
      expect(await read(store, { ...log, held: [] })).toBe(0);
      expect(await read(store, { ...log, incarnation: "before" })).toBe(5);
      expect(await read(store, { ...log, incarnation: "unheard of" })).toBe(0);
      expect(await read(store, undefined)).toBe(0);
    });

    test("do not count a frame twice that came twice", async () => {
      const { store } = await open();
      const delivery = deliveryOf([eventText(), eventText()], { incarnation: "now", sequence: 3 });
      await apply(store, delivery, delivery);
      await apply(store, delivery);

      expect(await read(store, log)).toBe(2);
    });

    test("know large sequences and many runs of them", async () => {
      const { store } = await open();
      const sequence = 2 ** 40;
      await apply(store, deliveryOf([eventText()], { incarnation: "now", sequence }));
      const held = Array.from({ length: 5_000 }, (_, index) => {
        const first = sequence - 2 * (5_000 - 1 - index);
        return { first, last: first };
      });

      expect(await read(store, { incarnation: "now", held })).toBe(1);
    });
  });
}
