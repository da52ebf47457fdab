import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ExpirePayloads, ExpiryStep } from "../../erasure.ts";
import { untilScannable, verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

const FUTURE = Date.parse("2100-01-01T00:00:00Z");
const LARGE = `{"list":["${"x".repeat(100_000)}"]}`;

/** Takes one step. It does not pass the end of forward scans. */
async function expireStep(store: CompleteStore, limit: number): Promise<ExpiryStep> {
  await untilScannable(store);
  return store.expirePayloads({ processedBeforeMs: FUTURE, limit });
}

/** Takes steps to the end of the scan. Returns the payloads that each removed. */
async function expireAll(store: CompleteStore, options: Partial<ExpirePayloads> = {}): Promise<number[]> {
  await untilScannable(store); // a step does not pass the end of forward scans
  const steps: number[] = [];
  for (let step: ExpiryStep | undefined; step?.isAtEnd !== true; steps.push(step.expired)) {
    step = await store.expirePayloads({ processedBeforeMs: FUTURE, limit: 100, ...options });
  }
  return steps;
}

const eventsOf = (count: number, content: object = {}) =>
  Array.from({ length: count }, (_, n) => eventText({ topic: "t", id: `${n}`, payload: '{"a":1}', ...content }));

async function payloadsOf(store: CompleteStore): Promise<(string | null)[]> {
  await untilScannable(store);
  const { events } = await store.listEvents({ order: "asc", limit: 1_000 });
  return events.map(({ payload }) => payload);
}

function describeSteps(open: OpenForTest): void {
  test("an event whose payload has expired keeps everything else", async () => {
    const { store } = await open();
    await verdictsOf(store, eventsOf(1, { attributes: '{"b":2}' }));
    const before = await store.findEvent("t", "0");

    await expireAll(store);

    const after = await store.findEvent("t", "0");
    expect(after).toEqual({
      ...before,
      payload: null,
      payloadExpiredAt: expect.stringMatching(/^\d{4}-.*\d{6}Z$/),
    });
    expect((await store.listEvents({ order: "asc", limit: 10 })).events).toEqual([after]);
  });

  test("payloads expire in the order in which events were stored, step by step", async () => {
    const { store } = await open();
    await verdictsOf(store, eventsOf(5));

    const first = await expireStep(store, 2);

    expect(first).toEqual({ expired: 2, isAtEnd: false });
    expect(await payloadsOf(store)).toEqual([null, null, '{"a":1}', '{"a":1}', '{"a":1}']);
    expect(await expireAll(store, { limit: 2 })).toEqual([2, 1, 0]);
    expect(await payloadsOf(store)).toEqual([null, null, null, null, null]);
  });

  test("no step passes an event that is too young", async () => {
    const { store } = await open();
    await verdictsOf(store, eventsOf(3));
    const { processedAt = "" } = (await store.findEvent("t", "0")) ?? {};

    expect(await expireAll(store, { processedBeforeMs: Date.parse(processedAt) })).toEqual([0]);

    expect(await payloadsOf(store)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
  });

  test("the scan continues at the same event after the store was closed and opened again", async () => {
    const { store, reopen } = await open();
    await verdictsOf(store, eventsOf(3));
    await expireAll(store);

    const again = await reopen();
    await verdictsOf(again, [eventText({ topic: "t", id: "later" })]);

    expect(await expireStep(again, 1)).toEqual({ expired: 1, isAtEnd: false });
    expect(await again.findEvent("t", "later")).toMatchObject({ payload: null });
  });

  test("a step of large payloads ends early", async () => {
    const { store } = await open();
    const payload = `{"text":"${randomBytes(2_000_000).toString("hex")}"}`; // random, so that PostgreSQL does not compress it
    for (let n = 0; n < 5; n++) await verdictsOf(store, [eventText({ payload })]);

    expect(await expireAll(store)).toEqual([3, 2, 0]);
  });
}

function describeLaterCopies(open: OpenForTest): void {
  test.each([
    ["small", '{"a":1}', '{"b":1}'],
    ["large", LARGE, LARGE],
  ])("a later copy of a %s event is compared by what has not expired", async (_, payload, attributes) => {
    const { store } = await open();
    const stored = { payload, attributes };
    await verdictsOf(store, eventsOf(1, stored));
    await expireAll(store);

    const copies = [stored, { ...stored, payload: '{"a":2}' }, { payload }, { ...stored, source: "another" }];
    const texts = copies.map((copy) => eventText({ topic: "t", id: "0", ...copy }));

    expect(await verdictsOf(store, texts)).toEqual(["ddcc"]);
    expect(await verdictsOf(store, texts)).toEqual(["ddcc"]);
    expect(await store.findEvent("t", "0")).toMatchObject({ payload: null });
  });

  test("the conflicts of an event lose their content with its payload, and later ones have none", async () => {
    const { store } = await open();
    const conflict = eventText({ topic: "t", id: "0", source: "another" });
    const other = eventText({ topic: "t", id: "1", source: "another" });
    await verdictsOf(store, [...eventsOf(2), conflict, other]);
    await expireStep(store, 1);

    await verdictsOf(store, [conflict]);

    const { duplicates } = await store.listDuplicates({ limit: 10 });
    expect(duplicates.map(({ eventId, source, content }) => [eventId, source, content?.payload])).toEqual([
      ["0", "another", undefined],
      ["1", "another", "{}"],
      ["0", "another", undefined],
    ]);
  });

  test("a conflict of an expired event that is compared by long attributes has no content", async () => {
    const { store } = await open();
    const attributes = `{"list":["${"x".repeat(10_000)}"]}`; // long, and not yet measured by PostgreSQL
    await verdictsOf(store, eventsOf(1, { attributes }));
    await expireAll(store);

    expect(await verdictsOf(store, eventsOf(1, { attributes: '{"b":1}' }))).toEqual(["c"]);

    const { duplicates } = await store.listDuplicates({ limit: 10 });
    expect(duplicates.map(({ isConflict, content }) => [isConflict, content])).toEqual([[true, undefined]]);
  });

  test("an erased event does not expire, and an expired one is erased", async () => {
    const { store } = await open();
    await verdictsOf(store, eventsOf(2, { attributes: '{"b":2}' }));
    await store.eraseEvent("t", "0");

    expect(await expireAll(store)).toEqual([1, 0]);
    await store.eraseEvent("t", "1");

    const [erased, both] = await Promise.all([store.findEvent("t", "0"), store.findEvent("t", "1")]);
    expect(erased?.payloadExpiredAt).toBeUndefined();
    expect(both).toMatchObject({ payload: null, source: "", payloadExpiredAt: expect.any(String) });
    expect(both?.attributes).toBeUndefined();
    expect(both?.erasedAt).toBeDefined();
  });
}

function describeBesideFrames(open: OpenForTest): void {
  test("the books do not move while payloads expire, and every recount balances", async () => {
    const { store } = await open();
    const conflicts = eventsOf(200, { source: "another" });
    await verdictsOf(store, eventsOf(200), conflicts);
    let isApplying = true;
    const applying = (async () => {
      for (let round = 0; round < 10; round++) await verdictsOf(store, conflicts);
    })().finally(() => {
      isApplying = false;
    });

    while (isApplying) {
      const options = { processedBeforeMs: FUTURE, limit: 20 };
      await Promise.all([store.expirePayloads(options), store.expirePayloads(options)]);
    }
    await applying;
    await expireAll(store);

    expect(new Set(await payloadsOf(store))).toEqual(new Set([null]));
    const { duplicates } = await store.listDuplicates({ limit: 1_000 });
    expect(duplicates.filter(({ content }) => content !== undefined)).toEqual([]);
    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 200, conflicts: 2_200, tableDrift: 0 });
    expect(await store.audit()).toMatchObject({ isBalanced: true });
  });

  test("a cursor scan meets every event once while payloads expire", async () => {
    const { store } = await open();
    await verdictsOf(store, eventsOf(100));
    await untilScannable(store);
    const ids: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < 10; page++) {
      const { events, next } = await store.listEvents({ order: "asc", limit: 10, ...(after && { after }) });
      ids.push(...events.map(({ eventId }) => eventId));
      after = next;
      await store.expirePayloads({ processedBeforeMs: FUTURE, limit: 25 });
    }
    expect(ids).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
  });
}

export function describeExpiry(open: OpenForTest): void {
  describe("the expiry of payloads", () => {
    describeSteps(open);
    describeLaterCopies(open);
    describeBesideFrames(open);
  });
}
