import { describe, expect, test } from "vitest";
import { MAX_EXAMINED_TOPICS, type TopicListQuery } from "../../books.ts";
import { verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest, StoreUnderTest } from "../store-under-test.ts";

/** Topics in the order of their bytes. The prefixes reach the marked ones and not their neighbours. */
const TOPICS = ["Orders.x", "order", "orders", "orders.", "orders.*", "orders.ÿ😀", "orders/", "other", "é", "éa", "ê"];
const PREFIXES = ["orders.", "é"];
const REACHED = ["orders.", "orders.*", "orders.ÿ😀", "é", "éa"];

/** Stores an event, a duplicate and a dead letter of each topic. */
async function fill({ store, refuse }: Pick<StoreUnderTest, "store" | "refuse">): Promise<void> {
  await refuse("bad");
  for (const topic of TOPICS) {
    const event = eventText({ topic, id: "e" });
    await verdictsOf(store, [event, event, eventText({ topic, id: "bad" })]);
  }
}

/** Reads a list to its end, in pages of two. */
async function walk<Item>(
  read: (after: string | undefined) => Promise<{ items: Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = [];
  for (let after: string | undefined; ; ) {
    const { items, next } = await read(after);
    all.push(...items);
    if (next === undefined) return all;
    after = next;
  }
}

const LISTS: [
  name: string,
  read: (store: CompleteStore, topicPrefixes: string[], topic?: string) => Promise<string[]>,
][] = [
  [
    "events",
    (store, topicPrefixes, topic) =>
      walk(async (after) => {
        const { events, next } = await store.listEvents({ order: "desc", limit: 2, topicPrefixes, topic, after });
        return { items: events.map((event) => event.topic), next };
      }),
  ],
  [
    "duplicates",
    (store, topicPrefixes, topic) =>
      walk(async (after) => {
        const { duplicates, next } = await store.listDuplicates({ limit: 2, topicPrefixes, topic, after });
        return { items: duplicates.map((duplicate) => duplicate.topic), next };
      }),
  ],
  [
    "dead letters",
    (store, topicPrefixes, topic) =>
      walk(async (after) => {
        const { deadLetters, next } = await store.listDeadLetters({ limit: 2, topicPrefixes, topic, after });
        return { items: deadLetters.map((letter) => String(letter.topic)), next };
      }),
  ],
];

export function describeTopicPrefixes(open: OpenForTest): void {
  describe("topic prefixes", () => {
    test.each(LISTS)("the list of %s has exactly the topics that begin with a prefix", async (_name, read) => {
      const opened = await open();
      await fill(opened);

      expect((await read(opened.store, PREFIXES)).toSorted()).toEqual(REACHED.toSorted());
      expect(await read(opened.store, ["orders.*"])).toEqual(["orders.*"]);
      expect(await read(opened.store, ["%", "_", "orders_", "O%"])).toEqual([]);
      expect(await read(opened.store, PREFIXES, "éa")).toEqual(["éa"]);
      expect(await read(opened.store, PREFIXES, "ê")).toEqual([]);
    });

    test("a forward scan keeps to the prefixes", async () => {
      const opened = await open();
      await fill(opened);
      const { store } = opened;
      const upTo = await store.readTip();
      const topics: string[] = [];
      for (let after: string | undefined; after !== upTo; ) {
        const page = await store.listEvents({ order: "asc", limit: 2, topicPrefixes: PREFIXES, after, upTo });
        topics.push(...page.events.map(({ topic }) => topic));
        after = page.next;
      }
      expect(topics).toEqual(REACHED);
    });

    test("a page of a prefix that matches little is bounded, and the next pages find the rest", async () => {
      const { store } = await open();
      const foreign = Array.from({ length: 11_000 }, (_, index) => eventText({ topic: "foreign", id: `f${index}` }));
      await verdictsOf(store, [eventText({ topic: "own", id: "e" }), eventText({ topic: "own", id: "e" })]);
      await verdictsOf(store, foreign);
      await verdictsOf(store, foreign);

      const page = await store.listEvents({ order: "desc", limit: 5, topicPrefixes: ["own"] });
      expect(page).toMatchObject({ events: [], next: expect.any(String) });
      const duplicates = await store.listDuplicates({ limit: 5, topicPrefixes: ["own"] });
      expect(duplicates).toMatchObject({ duplicates: [], next: expect.any(String) });
      for (const [name, read] of LISTS.slice(0, 2)) expect(await read(store, ["own"]), name).toEqual(["own"]);
    });

    test("a dead letter without a topic is not in the list of any prefix", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ topic: "", id: "e" }).replace('"topic":"",', "")]);

      expect((await store.listDeadLetters({ limit: 5 })).deadLetters).toHaveLength(1);
      expect(await store.listDeadLetters({ limit: 5, topicPrefixes: ["a", "t"] })).toEqual({ deadLetters: [] });
    });

    test("the topic of a dead letter is found by its id", async () => {
      const opened = await open();
      await fill(opened);
      const { store } = opened;
      const { deadLetters } = await store.listDeadLetters({ limit: 100 });

      for (const { id, topic } of deadLetters) expect(await store.findDeadLetterTopic(id)).toBe(topic);
      for (const id of ["999999", "0", "-1", "x", ""]) expect(await store.findDeadLetterTopic(id)).toBeUndefined();
    });

    test("the books of prefixes are the sums of their topics, the busiest listed first", async () => {
      const opened = await open();
      await fill(opened);
      const { store } = opened;
      await verdictsOf(store, [eventText({ topic: "éa" }), eventText({ topic: "other" })]);

      const { byTopic, ...sums } = await store.readTopicBooks({ topicPrefixes: PREFIXES, maxTopics: 2 });

      const all = { stored: 6, duplicates: 5, conflicts: 0, deadLettered: 5 };
      expect(sums).toEqual({ ...all, topicsTotal: 5, hasMoreTopics: false });
      expect(byTopic).toMatchObject([
        { topic: "éa", stored: 2, duplicates: 1, conflicts: 0, deadLettered: 1 },
        { topic: "orders.", stored: 1, duplicates: 1, conflicts: 0, deadLettered: 1 },
      ]);
      const one = await store.readTopicBooks({ topicPrefixes: PREFIXES, topic: "é", maxTopics: 2 });
      expect(one).toMatchObject({ ...all, byTopic: [{ topic: "é" }] });
      const foreign = await store.readTopicBooks({ topicPrefixes: PREFIXES, topic: "other", maxTopics: 2 });
      expect(foreign.byTopic).toEqual([]);
    });

    test("topics are listed page by page in the order of their bytes, those of prefixes alone if there are any", async () => {
      const opened = await open();
      await fill(opened);
      const { store } = opened;
      const names = (query: Omit<TopicListQuery, "limit">) =>
        walk(async (after) => {
          const { topics, next } = await store.listTopics({ ...query, limit: 2, after });
          return { items: topics.map(({ topic }) => topic), next };
        });

      expect(await names({})).toEqual(TOPICS);
      expect(await names({ topicPrefixes: [...PREFIXES].reverse() })).toEqual(REACHED);
      expect(await names({ topicPrefixes: [] })).toEqual([]);
      expect(await names({ containing: "RDERS." })).toEqual(["Orders.x", "orders.", "orders.*", "orders.ÿ😀"]);
      expect(await names({ containing: "ÿ", topicPrefixes: PREFIXES })).toEqual(["orders.ÿ😀"]);
      expect(await names({ containing: "%" })).toEqual([]);
      expect((await store.listTopics({ limit: 1, containing: "êb" })).next).toBeUndefined();
      expect((await store.listTopics({ limit: 1, containing: "ê" })).topics).toMatchObject([
        { topic: "ê", stored: 1, duplicates: 1, conflicts: 0, deadLettered: 1, lastProcessedAt: expect.any(String) },
      ]);
    });

    test("a page of topics examines a bounded number of names, and the next page continues behind them", async () => {
      const { store } = await open();
      const last = MAX_EXAMINED_TOPICS + 5;
      const topicOf = (index: number) => `t${String(index).padStart(6, "0")}`;
      const events = Array.from({ length: last + 1 }, (_, index) => eventText({ topic: topicOf(index) }));
      await verdictsOf(store, events);

      const first = await store.listTopics({ limit: 5, containing: topicOf(last) });

      expect(first).toEqual({ topics: [], next: topicOf(MAX_EXAMINED_TOPICS - 1) });
      const second = await store.listTopics({ limit: 5, containing: topicOf(last), after: first.next });
      expect(second.topics.map(({ topic }) => topic)).toEqual([topicOf(last)]);
      expect(second.next).toBeUndefined();
    });
  });
}
