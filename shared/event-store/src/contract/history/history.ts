import { describe, expect, test } from "vitest";
import { MAX_LISTED_TOPICS, MINUTE_MS } from "../../history.ts";
import { apply, verdictsOf } from "../applying.ts";
import { deadLettersOf } from "../dead-letters/read-dead-letters.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest, StoreUnderTest } from "../store-under-test.ts";
import { aroundNow, sumsOf } from "./read-history.ts";

const NOTHING = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };

const FIRST_MS = Date.parse("2100-01-01T00:00:00Z");
const at = (minute: number) => FIRST_MS + minute * MINUTE_MS;

/** Moves all that was counted in the present minute to another one, counted from `FIRST_MS`. */
async function moveTo(
  { change, endMinute }: Pick<StoreUnderTest, "change" | "endMinute">,
  minute: number,
): Promise<void> {
  await endMinute();
  for (const table of ["history", "topic_history", "starts"]) {
    await change(`UPDATE ${table} SET minute = ${at(minute) / MINUTE_MS} WHERE minute < ${FIRST_MS / MINUTE_MS}`);
  }
}

/** Applies two new events, a duplicate, a conflict and a dead letter of each topic. */
async function applyOfEachKind(
  { store, refuse }: Pick<StoreUnderTest, "store" | "refuse">,
  topics: string[],
): Promise<void> {
  await refuse("bad");
  const events = topics.flatMap((topic) => [
    eventText({ topic, id: "e" }),
    eventText({ topic, id: "e" }),
    eventText({ topic, id: "e", source: "another" }),
    eventText({ topic, id: "bad" }),
    eventText({ topic }),
  ]);
  await verdictsOf(store, events);
}

export function describeHistory(open: OpenForTest): void {
  describe("the history", () => {
    describeMovements(open);
    describeSteps(open);
    describeListedTopics(open);
    describeStarts(open);
    describePrunedHistory(open);
  });
}

function describeMovements(open: OpenForTest): void {
  const OF_A_TOPIC = { stored: 2, duplicates: 2, conflicts: 1, deadLettered: 1, isComplete: true };

  test("the history has what became of the events, in total and by topic", async () => {
    const opened = await open();
    await applyOfEachKind(opened, ["a", "b"]);
    const { store } = opened;

    expect(await sumsOf(store)).toMatchObject({ stored: 4, duplicates: 4, conflicts: 2, deadLettered: 2 });
    expect(await sumsOf(store, { topic: "b" })).toMatchObject(OF_A_TOPIC);
    expect(await sumsOf(store, { topic: "c" })).toMatchObject({ ...NOTHING, isComplete: true });
  });

  test("the history of topic prefixes has their topics and no others", async () => {
    const opened = await open();
    await applyOfEachKind(opened, ["orders.a", "orders/", "other"]);
    const { store } = opened;

    expect(await sumsOf(store, { topicPrefixes: ["orders.", "x"] })).toMatchObject(OF_A_TOPIC);
    expect(await sumsOf(store, { topicPrefixes: ["o"], topic: "other" })).toMatchObject(OF_A_TOPIC);
    expect(await sumsOf(store, { topicPrefixes: ["orders."], topic: "other" })).toMatchObject(NOTHING);
    expect(await sumsOf(store, { topicPrefixes: [] })).toMatchObject(NOTHING);
  });

  test("a frame that comes again moves nothing in the history", async () => {
    const { store } = await open();
    const delivery = deliveryOf([eventText(), eventText()]);

    await apply(store, delivery, delivery);
    await apply(store, delivery);

    expect(await sumsOf(store)).toMatchObject({ ...NOTHING, stored: 2 });
  });

  test("a redriven dead letter leaves the dead letters of the minute of the redrive", async () => {
    const opened = await open();
    const { store } = opened;
    await applyOfEachKind(opened, ["t"]);
    await moveTo(opened, 0);
    await opened.accept();
    const [deadLetter] = await deadLettersOf(store);

    await store.redrive(String(deadLetter?.id));

    const then = { sinceMs: at(0), untilMs: at(1), stepMinutes: 1 };
    for (const limits of [{}, { topic: "t" }]) {
      expect(await sumsOf(store, { ...then, ...limits })).toMatchObject({ stored: 2, deadLettered: 1 });
      expect(await sumsOf(store, limits)).toMatchObject({ ...NOTHING, stored: 1, deadLettered: -1 });
    }
  });

  test("the history is unchanged after the store was opened again", async () => {
    const opened = await open();
    await applyOfEachKind(opened, ["a", "b"]);
    const query = aroundNow({ stepMinutes: 1 });
    const before = await opened.store.readHistory(query);

    const reopened = await opened.reopen();

    expect(await reopened.readHistory(query)).toEqual(before);
  });
}

function describeSteps(open: OpenForTest): void {
  async function fillMinutes(opened: Omit<StoreUnderTest, "close">): Promise<void> {
    for (const [events, minute] of [
      [1, 0],
      [2, 4],
      [4, 5],
      [8, 17],
    ] as const) {
      await verdictsOf(
        opened.store,
        Array.from({ length: events }, () => eventText({ topic: "t" })),
      );
      await moveTo(opened, minute);
    }
  }

  test.each([[{}], [{ topic: "t" }], [{ topicPrefixes: ["t"] }]])(
    "the history has every step from the first minute to before the last, also without events: %j",
    async (limits) => {
      const opened = await open();
      const { store } = opened;
      await fillMinutes(opened);

      const { steps } = await store.readHistory({ sinceMs: at(0), untilMs: at(17), stepMinutes: 5, ...limits });

      expect(steps.map(({ startMs, stored }) => [(startMs - FIRST_MS) / MINUTE_MS, stored])).toEqual([
        [0, 3],
        [5, 4],
        [10, 0],
        [15, 0],
      ]);
    },
  );

  test("the history tells in which minute it began", async () => {
    const opened = await open();
    const { store } = opened;
    const query = { sinceMs: at(10), untilMs: at(20), stepMinutes: 1 };
    expect(await store.readHistory(query)).not.toHaveProperty("beganAtMs");
    await fillMinutes(opened);

    expect(await store.readHistory(query)).toMatchObject({ beganAtMs: at(0) });
  });
}

function describeListedTopics(open: OpenForTest): void {
  test("of many topics in a minute the busiest have figures of their own, and the others are incomplete", async () => {
    const { store, endMinute } = await open();
    const topics = Array.from({ length: MAX_LISTED_TOPICS + 10 }, (_, index) => `t${index}`);
    const many = topics.slice(10).flatMap((topic) => [eventText({ topic }), eventText({ topic })]);
    const few = topics.slice(0, 10).map((topic) => eventText({ topic }));

    await verdictsOf(store, [...few, ...many]);
    await endMinute();

    expect(await sumsOf(store)).toMatchObject({ stored: 110, isComplete: true });
    expect(await sumsOf(store, { topic: "t10" })).toMatchObject({ stored: 2, isComplete: false });
    expect(await sumsOf(store, { topic: "t9" })).toMatchObject({ stored: 0, isComplete: false });
    expect(await sumsOf(store, { topicPrefixes: ["t"] })).toMatchObject({ stored: 100, isComplete: false });
  });

  test("a step that lacks a redriven dead letter of the topic is incomplete", async () => {
    const opened = await open();
    const { store, refuse, accept, endMinute } = opened;
    await refuse("bad");
    await verdictsOf(store, [eventText({ topic: "z", id: "bad" })]);
    await moveTo(opened, 0);
    await accept();
    const others = Array.from({ length: MAX_LISTED_TOPICS }, (_, index) => `t${index}`);
    await verdictsOf(
      store,
      others.flatMap((topic) => [eventText({ topic }), eventText({ topic }), eventText({ topic })]),
    );
    const [deadLetter] = await deadLettersOf(store);

    await store.redrive(String(deadLetter?.id));
    await endMinute();

    const { stored, isComplete } = await sumsOf(store, { topic: "z" });
    expect({ stored, isComplete }).not.toEqual({ stored: 0, isComplete: true });
  });

  test("no minute has figures of more topics than that, in however many transactions", async () => {
    const { store, endMinute } = await open();
    const topics = Array.from({ length: MAX_LISTED_TOPICS + 10 }, (_, index) => `t${index}`);

    for (const topic of [...topics, ...topics.toReversed()]) await verdictsOf(store, [eventText({ topic })]);
    await endMinute();

    const listedIn = new Map<number, number>();
    for (const topic of topics) {
      const { steps } = await store.readHistory(aroundNow({ stepMinutes: 1, topic }));
      for (const { startMs, stored } of steps) {
        if (stored > 0) listedIn.set(startMs, (listedIn.get(startMs) ?? 0) + 1);
      }
    }
    expect(Math.max(...listedIn.values())).toBe(MAX_LISTED_TOPICS);
  });
}

function describeStarts(open: OpenForTest): void {
  test("the history counts the starts of each service", async () => {
    const { store } = await open();

    for (const service of ["single", "consumer", "consumer"]) await store.recordStart(service);

    const query = aroundNow();
    expect((await store.readHistory(query)).starts).toEqual([
      { service: "consumer", startMs: query.sinceMs, count: 2 },
      { service: "single", startMs: query.sinceMs, count: 1 },
    ]);
    expect((await store.readHistory({ ...query, untilMs: query.sinceMs + MINUTE_MS })).starts).toEqual([]);
  });
}

function describePrunedHistory(open: OpenForTest): void {
  test.each([1, 100])("pruning deletes old minutes of the history and no others, %i at a time", async (limit) => {
    const opened = await open();
    const { store } = opened;
    for (const [topics, minute] of [
      [["a", "b"], 0],
      [["a"], 1],
    ] as const) {
      await verdictsOf(
        store,
        topics.map((topic) => eventText({ topic })),
      );
      await store.recordStart("single");
      await moveTo(opened, minute);
    }

    const deleted: number[] = [];
    do deleted.push(await store.pruneHistory({ beforeMs: at(1) + MINUTE_MS - 1, limit }));
    while (deleted.at(-1) !== 0);

    expect(deleted).toEqual(limit === 1 ? [3, 1, 0] : [4, 0]); // a step deletes as many rows of each table
    const left = await store.readHistory({ sinceMs: at(0), untilMs: at(2), stepMinutes: 1 });
    expect(left).toMatchObject({ steps: [{ stored: 0 }, { stored: 1 }], starts: [{ count: 1 }], beganAtMs: at(1) });
    const ofTopic = await store.readHistory({ sinceMs: at(0), untilMs: at(2), stepMinutes: 1, topic: "a" });
    expect(ofTopic.steps).toMatchObject([{ stored: 0 }, { stored: 1 }]);
  });
}
