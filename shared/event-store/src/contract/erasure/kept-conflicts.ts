import { describe, expect, test } from "vitest";
import { DEFAULT_MAX_CONFLICTS_KEPT } from "../../erasure.ts";
import { verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

const KEPT = DEFAULT_MAX_CONFLICTS_KEPT;

const conflictsOf = (id: string, from: number, count: number) =>
  Array.from({ length: count }, (_, n) => eventText({ topic: "t", id, source: "x", payload: `{"n":${from + n}}` }));

/** Returns the payloads of the conflicts of an event, the oldest first. Null where the content was not kept. */
async function payloadsOf(store: CompleteStore, eventId: string): Promise<(string | null)[]> {
  const { duplicates } = await store.listDuplicates({ limit: 1_000, eventId, conflicting: true });
  return duplicates.map(({ content }) => content?.payload ?? null).toReversed();
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `{"n":${from + n}}`);
const without = (count: number) => Array.from({ length: count }, () => null);

export function describeKeptConflicts(open: OpenForTest): void {
  describe("the conflicts of one event that are kept in full", () => {
    test("are the first ones, of one frame and of several", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ topic: "t", id: "a" }), eventText({ topic: "t", id: "b" })]);

      await verdictsOf(store, conflictsOf("a", 0, KEPT + 10));
      await verdictsOf(store, conflictsOf("b", 0, 5));
      await verdictsOf(store, conflictsOf("b", 5, KEPT), conflictsOf("a", KEPT + 10, 5));

      expect(await payloadsOf(store, "a")).toEqual([...numbered(0, KEPT), ...without(15)]);
      expect(await payloadsOf(store, "b")).toEqual([...numbered(0, KEPT), ...without(5)]);
    });

    test("the others are counted and listed with their source", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ topic: "t", id: "a" })]);

      expect(await verdictsOf(store, conflictsOf("a", 0, KEPT + 1))).toEqual(["c".repeat(KEPT + 1)]);

      const { duplicates } = await store.listDuplicates({ limit: 1 });
      expect(duplicates).toMatchObject([{ isConflict: true, source: "x" }]);
      expect(duplicates[0]?.content).toBeUndefined();
      expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ duplicates: KEPT + 1, conflicts: KEPT + 1 });
      expect(await store.audit()).toMatchObject({ isBalanced: true });
    });
  });
}
