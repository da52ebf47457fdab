import { describe, expect, test } from "vitest";
import { DEAD_LETTERS_READ_AT_ONCE } from "../../erasure.ts";
import { apply, untilScannable, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

const KEY = { topic: "t", id: "e" };
/** Larger than 64 KiB, so that stores keep hashes, sizes or values of it elsewhere. */
const LARGE = `{"list":["${"x".repeat(100_000)}"]}`;

const CONTENT = { source: "shop", payload: '{"name":"Ada"}', attributes: '{"region":"eu"}' };

/** The event with its content, a plain duplicate and a conflict of it, and another event with the same content. */
async function fill(store: CompleteStore, content: object = CONTENT): Promise<void> {
  const [event, other] = [eventText({ ...KEY, ...content }), eventText({ topic: "t", id: "other", ...content })];
  const conflict = eventText({ ...KEY, source: "another", payload: '{"name":"Grace"}', attributes: '{"region":"us"}' });
  expect(await verdictsOf(store, [event, other], [event, conflict])).toEqual(["ss", "dc"]);
}

function describeErasedEvent(open: OpenForTest): void {
  test("an erased event keeps its id and its times, and nothing else", async () => {
    const { store } = await open();
    await fill(store);
    const before = await store.findEvent("t", "e");
    const other = await store.findEvent("t", "other");

    expect(await store.eraseEvent("t", "e")).toBe(true);

    const erased = await store.findEvent("t", "e");
    expect(erased).toEqual({
      position: before?.position,
      topic: "t",
      eventId: "e",
      timestamp: before?.timestamp,
      source: "",
      payload: null,
      processedAt: before?.processedAt,
      erasedAt: expect.stringMatching(/^\d{4}-.*\d{6}Z$/),
    });
    await untilScannable(store);
    expect((await store.listEvents({ order: "asc", limit: 10 })).events).toEqual([erased, other]);
    expect((await store.listEvents({ order: "asc", limit: 10, source: "shop" })).events).toEqual([other]);
  });

  test("the duplicates of an erased event are listed without their content and their source", async () => {
    const { store } = await open();
    await fill(store);

    await store.eraseEvent("t", "e");

    const { duplicates } = await store.listDuplicates({ limit: 10 });
    expect(duplicates).toMatchObject([
      { eventId: "e", source: "", isConflict: true },
      { eventId: "e", source: "", isConflict: false },
    ]);
    expect(duplicates.map(({ content }) => content)).toEqual([undefined, undefined]);
    expect((await store.listDuplicates({ limit: 10, source: "shop" })).duplicates).toEqual([]);
    expect((await store.listDuplicates({ limit: 10, source: "another" })).duplicates).toEqual([]);
  });

  test.each([
    ["small", CONTENT],
    ["large", { ...CONTENT, payload: LARGE, attributes: LARGE }],
  ])(
    "a later copy of an erased %s event with any content is a duplicate, and leaves no content",
    async (_, content) => {
      const { store } = await open();
      await fill(store, content);
      await store.eraseEvent("t", "e");

      const copies = [content, { source: "third" }, { payload: '{"n":1}' }, { timestamp: "2020-01-01T00:00:00Z" }];
      const texts = copies.map((copy) => eventText({ ...KEY, ...copy }));
      expect(await verdictsOf(store, texts)).toEqual(["dddd"]);

      const { duplicates } = await store.listDuplicates({ limit: 4 });
      expect(duplicates.map(({ source, isConflict, content }) => [source, isConflict, content])).toEqual(
        Array.from({ length: 4 }, () => ["", false, undefined]),
      );
      expect(await store.findEvent("t", "e")).toMatchObject({ payload: null, source: "" });
    },
  );

  test("erasing changes nothing in the books, and the audit balances", async () => {
    const { store } = await open();
    await fill(store);
    const before = await store.readBooks({ maxTopics: 10, maxSources: 10 });

    await store.eraseEvent("t", "e");

    expect(await store.readBooks({ maxTopics: 10, maxSources: 10 })).toEqual(before);
    expect(await store.audit()).toMatchObject({
      isBalanced: true,
      counted: { stored: 2, duplicates: 2, conflicts: 1 },
    });
  });

  test("only a stored event is erased, and a second time it stays as it is", async () => {
    const { store } = await open();
    await fill(store);
    expect(await store.eraseEvent("t", "none")).toBe(false);
    expect(await store.eraseEvent("T", "e")).toBe(false);
    expect(await store.eraseEvent("t", "e")).toBe(true);
    const erased = await store.findEvent("t", "e");

    expect(await store.eraseEvent("t", "e")).toBe(true);

    expect(await store.findEvent("t", "e")).toEqual(erased);
    expect(await store.findEvent("t", "other")).toMatchObject({ payload: CONTENT.payload, source: "shop" });
  });

  test("more conflicts than a transaction erases are erased all the same", async () => {
    const { store } = await open();
    const conflicts = Array.from({ length: 1_100 }, (_, n) => eventText({ ...KEY, source: `source-${n}` }));
    await verdictsOf(store, [eventText(KEY), ...conflicts]);

    await store.eraseEvent("t", "e");

    const { duplicates } = await store.listDuplicates({ limit: 1_000, conflicting: true });
    expect(new Set(duplicates.map(({ source }) => source))).toEqual(new Set([""]));
    expect((await store.listDuplicates({ limit: 10, source: "source-0" })).duplicates).toEqual([]);
  });
}

function describeErasedDeadLetters(open: OpenForTest): void {
  test("the dead letters of an erased event are deleted, and stay counted", async () => {
    const { store, refuse, accept } = await open();
    await refuse("e", "other");
    await verdictsOf(store, [eventText({ ...KEY, ...CONTENT }), eventText({ topic: "t", id: "other" })]);
    await accept();
    await apply(store, deliveryOf([eventText(KEY)]));

    expect(await store.eraseEvent("t", "e")).toBe(true);

    const { deadLetters } = await store.listDeadLetters({ limit: 10 });
    expect(deadLetters.map(({ content }) => JSON.parse(content).event_id)).toEqual(["other"]);
    expect(await store.audit()).toMatchObject({ isBalanced: true, counted: { stored: 1, deadLettered: 2 } });
  });

  test("the dead letter of an erased event is found behind more of its topic than an erasure reads at a time", async () => {
    const { store, refuse, accept } = await open();
    await refuse("e", "other");
    const others = Array.from({ length: DEAD_LETTERS_READ_AT_ONCE }, () => eventText({ topic: "t", id: "other" }));
    for (let n = 0; n < others.length; n += 5) await verdictsOf(store, [eventText(), ...others.slice(n, n + 5)]);
    await verdictsOf(store, [eventText({ ...KEY, ...CONTENT })]);
    await accept();
    await apply(store, deliveryOf([eventText(KEY)]));

    expect(await store.eraseEvent("t", "e")).toBe(true);

    const { deadLetters } = await store.listDeadLetters({ topic: "t", limit: 1_000 });
    expect(deadLetters.map(({ content }) => JSON.parse(content).event_id)).toEqual(others.map(() => "other"));
  });

  test("an event that is only a dead letter is not stored, and stays", async () => {
    const { store, refuse } = await open();
    await refuse("e");
    await verdictsOf(store, [eventText(KEY)]);

    expect(await store.eraseEvent("t", "e")).toBe(false);

    expect((await store.listDeadLetters({ limit: 10 })).deadLetters).toHaveLength(1);
  });
}

function describeErasureBesideFrames(open: OpenForTest): void {
  test("a conflict that is applied while its event is erased leaves no content", async () => {
    const { store } = await open();
    for (let round = 0; round < 20; round++) {
      const key = { topic: "t", id: `e-${round}` };
      await verdictsOf(store, [eventText(key)]);
      const conflicts = Array.from({ length: 50 }, (_, n) => eventText({ ...key, payload: `{"n":${n}}` }));
      await Promise.all([verdictsOf(store, conflicts), store.eraseEvent("t", key.id)]);
    }

    const { duplicates } = await store.listDuplicates({ limit: 1_000 });
    expect(duplicates).toHaveLength(1_000);
    expect(duplicates.filter(({ content, source }) => content !== undefined || source !== "")).toEqual([]);
    expect(await store.audit()).toMatchObject({ isBalanced: true });
  });
}

export function describeErasure(open: OpenForTest): void {
  describe("erasure", () => {
    describeErasedEvent(open);
    describeErasedDeadLetters(open);
    describeErasureBesideFrames(open);
  });
}
