import { describe, expect, test } from "vitest";
import type { EventStore } from "../../event-store.ts";
import type { Pruner, PruneStep } from "../../pruning.ts";
import { apply, untilScannable, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

export function describePruning(open: OpenForTest): void {
  describe("pruning", () => {
    describePrunedDuplicates(open);
    describeLedger(open);
  });
}

const OLD = Date.parse("2030-01-01T00:00:00Z");
const CUTOFF = OLD + 1_000;
const YOUNG = CUTOFF + 1_000;

/** Applies duplicates of one event of a topic, in one frame, received at that moment. */
async function applyCopies(
  store: EventStore,
  { topic, copies, receivedAtMs, source }: { topic: string; copies: number; receivedAtMs: number; source?: string },
): Promise<void> {
  const copy = eventText({ topic, id: "e", ...(source !== undefined && { source }) });
  await apply(
    store,
    deliveryOf(
      Array.from({ length: copies }, () => copy),
      { receivedAtMs },
    ),
  );
}

/** Lets the payload of the event of topic `a`, which was stored first, expire. */
async function expirePayload(store: CompleteStore) {
  await untilScannable(store); // a step does not pass the end of forward scans
  return store.expirePayloads({ processedBeforeMs: Date.parse("2100-01-01T00:00:00Z"), limit: 1 });
}

/** Stores an event in each topic, and duplicates: old plain ones of both, old conflicts of `a`, young ones of `b`. */
async function fill(store: EventStore): Promise<void> {
  await verdictsOf(store, [eventText({ topic: "a", id: "e" }), eventText({ topic: "b", id: "e" })]);
  await applyCopies(store, { topic: "a", copies: 2, receivedAtMs: OLD });
  await applyCopies(store, { topic: "a", copies: 3, receivedAtMs: OLD, source: "another" });
  await applyCopies(store, { topic: "b", copies: 4, receivedAtMs: OLD });
  await applyCopies(store, { topic: "b", copies: 5, receivedAtMs: YOUNG });
}

async function pruneAll(store: Pruner, limit: number): Promise<PruneStep & { steps: number }> {
  let forgotten = 0;
  let step: PruneStep = { forgotten: 0, isAtEnd: false };
  let steps = 0;
  for (; !step.isAtEnd && steps < 100; steps++) {
    const after = step.position;
    step = await store.pruneDuplicates({ receivedBeforeMs: CUTOFF, limit, ...(after !== undefined && { after }) });
    forgotten += step.forgotten;
  }
  return { ...step, forgotten, steps };
}

async function copiesOf(store: CompleteStore): Promise<string[]> {
  const { duplicates } = await store.listDuplicates({ limit: 1_000 });
  return duplicates.map(({ topic, isConflict }) => `${topic}${isConflict ? " conflict" : ""}`).toSorted();
}

function describePrunedDuplicates(open: OpenForTest): void {
  const conflicts = Array.from({ length: 3 }, () => "a conflict");
  const young = Array.from({ length: 5 }, () => "b");

  test.each([1, 2, 5, 100])("pruning deletes old plain duplicates and no others, %i at a time", async (limit) => {
    const { store } = await open();
    await fill(store);

    const { forgotten } = await pruneAll(store, limit);

    expect(forgotten).toBe(6);
    expect(await copiesOf(store)).toEqual([...conflicts, ...young]);
  });

  test("pruning deletes conflicts of events whose payload has expired", async () => {
    const { store } = await open();
    await fill(store);
    await expirePayload(store);

    expect((await pruneAll(store, 4)).forgotten).toBe(9);

    expect(await copiesOf(store)).toEqual(young);
  });

  test("pruning leaves the books unchanged, and the audit agrees", async () => {
    const { store } = await open();
    await fill(store);
    const { lastAudit: _, ...before } = await store.readBooks({ maxTopics: 10, maxSources: 10 });

    await pruneAll(store, 3);
    const audits = [await store.audit()];
    await expirePayload(store);
    await pruneAll(store, 3);
    audits.push(await store.audit());

    expect(audits.map(({ isBalanced }) => isBalanced)).toEqual([true, true]);
    expect(audits[1]?.counted).toEqual({ stored: 2, duplicates: 14, conflicts: 3, deadLettered: 0 });
    const { lastAudit: __, ...after } = await store.readBooks({ maxTopics: 10, maxSources: 10 });
    expect(after).toEqual(before);
  });

  test("pruning leaves the books unchanged when every duplicate is old, and counting continues", async () => {
    const { store } = await open();
    await verdictsOf(store, [eventText({ topic: "a", id: "e" })]);
    await applyCopies(store, { topic: "a", copies: 4, receivedAtMs: OLD });

    expect((await pruneAll(store, 3)).forgotten).toBeGreaterThanOrEqual(3); // a store may need the newest
    await applyCopies(store, { topic: "a", copies: 2, receivedAtMs: OLD });
    await pruneAll(store, 3);

    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 1, duplicates: 6, tableDrift: 0 });
    expect(await store.audit()).toMatchObject({ isBalanced: true });
  });

  test("pruning does not scan again the duplicates that stay", async () => {
    const { store } = await open();
    await fill(store);
    const { position } = await pruneAll(store, 100);

    await applyCopies(store, { topic: "a", copies: 1, receivedAtMs: OLD });
    await applyCopies(store, { topic: "a", copies: 1, receivedAtMs: YOUNG + 1 });
    const step = await store.pruneDuplicates({
      receivedBeforeMs: YOUNG + 1,
      limit: 6,
      ...(position !== undefined && { after: position }),
    });

    expect(step).toMatchObject({ forgotten: 6 }); // five young ones and the new one: no conflict was scanned
  });

  test("pruning is at its end in an empty store", async () => {
    const { store } = await open();

    const step = await store.pruneDuplicates({ receivedBeforeMs: CUTOFF, limit: 10 });

    expect(step).toEqual({ forgotten: 0, isAtEnd: true });
  });

  test("a cursor continues after a duplicate that was deleted", async () => {
    const { store } = await open();
    await fill(store);
    const newest = await store.listDuplicates({ limit: 7 }); // five young ones, and two old ones of `b`

    await pruneAll(store, 100);

    const page = await store.listDuplicates({ limit: 100, after: String(newest.next) });
    expect(page.duplicates.map(({ isConflict }) => isConflict)).toEqual([true, true, true]);
  });

  test("pruning continues beside frames that are applied and audits that run", async () => {
    const { store } = await open();
    await fill(store);
    let isApplying = true;
    const applying = (async () => {
      for (let round = 0; round < 30; round++) {
        await applyCopies(store, { topic: round % 2 === 0 ? "a" : "b", copies: 20, receivedAtMs: OLD });
      }
    })().finally(() => {
      isApplying = false;
    });

    let forgotten = 0;
    while (isApplying) {
      const steps = [1, 2].map(() => store.pruneDuplicates({ receivedBeforeMs: CUTOFF, limit: 30 }));
      for (const step of await Promise.all(steps)) forgotten += step.forgotten;
      expect((await store.audit()).isBalanced).toBe(true);
    }
    await applying;
    await applyCopies(store, { topic: "a", copies: 1, receivedAtMs: YOUNG });
    forgotten += (await pruneAll(store, 50)).forgotten;

    expect(forgotten).toBe(606);
    expect(await store.audit()).toMatchObject({ isBalanced: true, counted: { duplicates: 615 } });
  });
}

function describeLedger(open: OpenForTest): void {
  const FUTURE = Date.parse("2100-01-01T00:00:00Z");

  async function applyFramesAt(store: EventStore, generation: string, sequences: number[]): Promise<string[]> {
    const deliveries = sequences.map((sequence) => deliveryOf([eventText()], { generation, sequence }));
    await apply(store, ...deliveries);
    return deliveries.map(({ frame }) => frame.id);
  }

  async function known(store: EventStore, frameIds: string[]): Promise<boolean[]> {
    const entries = await Promise.all(frameIds.map((id) => store.findFrame(id)));
    return entries.map((entry) => entry !== undefined);
  }

  async function pruneLedger(store: Pruner, processedBeforeMs: number, limit = 100): Promise<number> {
    const log = { generation: "now", firstHeldSequence: 3 };
    let total = 0;
    for (let forgotten = -1; forgotten !== 0; total += forgotten) {
      forgotten = await store.pruneFrames({ processedBeforeMs, log, limit });
    }
    return total;
  }

  test.each([1, 100])(
    "pruning deletes ledger rows of frames that the log no longer holds, %i at a time",
    async (limit) => {
      const { store } = await open();
      const ids = await applyFramesAt(store, "now", [1, 2, 3, 4]);

      expect(await pruneLedger(store, FUTURE, limit)).toBe(2);

      expect(await known(store, ids)).toEqual([false, false, true, true]);
    },
  );

  test("pruning deletes ledger rows of former generations of the log", async () => {
    const { store } = await open();
    const ids = [...(await applyFramesAt(store, "before", [1, 9])), ...(await applyFramesAt(store, "zz", [5, 7]))];

    expect(await pruneLedger(store, FUTURE)).toBe(4);

    expect(await known(store, ids)).toEqual([false, false, false, false]);
  });

  test("pruning keeps ledger rows of frames applied since", async () => {
    const { store } = await open();
    const ids = [...(await applyFramesAt(store, "now", [1])), ...(await applyFramesAt(store, "before", [1]))];

    expect(await pruneLedger(store, OLD - 10 * 365 * 86_400_000)).toBe(0);

    expect(await known(store, ids)).toEqual([true, true]);
  });

  test("pruning deletes the other positions of a repeated frame as well, and no event is counted again", async () => {
    const { store } = await open();
    const { frame } = deliveryOf([eventText(), eventText()]);
    const at = (sequence: number) => ({ frame, origin: { generation: "now", sequence } });
    await apply(store, at(1), at(2), at(3));
    const log = { generation: "now", held: [{ first: 3, last: 3 }], lastSequence: 3 };
    const before = await store.readBooks({ maxTopics: 10, log });

    expect(await pruneLedger(store, FUTURE)).toBe(2);

    expect(await store.readBooks({ maxTopics: 10, log })).toEqual(before);
    expect((await store.audit()).isBalanced).toBe(true);
  });
}
