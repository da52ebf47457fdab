import { describe, expect, test } from "vitest";
import type { EventStore } from "../../event-store.ts";
import { apply, findStored, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

/** The age of a duplicate in milliseconds, and the index of the bound that it is within. */
const AGES: [afterMs: number, age: number][] = [
  [-3_600_000, 0],
  [0, 0],
  [1_000, 0],
  [1_001, 1],
  [60_000, 1],
  [60_001, 2],
  [3_600_000, 2],
  [3_600_001, 3],
  [86_400_000, 3],
  [86_400_001, 4],
  [604_800_000, 4],
  [604_800_001, 5],
  [10 * 365 * 86_400_000, 5],
];

async function sourcesOf(store: EventStore, maxSources = 10) {
  const { bySource, sourcesTotal } = await store.readBooks({ maxTopics: 0, maxSources });
  return { bySource, sourcesTotal };
}

export function describeDuplicatesBySource(open: OpenForTest): void {
  describe("duplicates by source", () => {
    test("duplicates by source are grouped by their age when they came", async () => {
      const { store } = await open();
      const first = eventText({ topic: "t", id: "e" });
      await verdictsOf(store, [first]);
      const { processedAt } = await findStored(store, "t", "e");

      const copies = AGES.map(([afterMs]) =>
        deliveryOf([eventText({ topic: "t", id: "e", source: `${afterMs}` })], {
          receivedAtMs: Date.parse(processedAt) + afterMs,
        }),
      );
      await apply(store, ...copies);

      const { bySource } = await sourcesOf(store, AGES.length);
      const ages = new Map(bySource.map((books) => [Number(books.source), books.ages.indexOf(1)]));
      expect(ages).toEqual(new Map(AGES));
    });

    test("duplicates by source count under the source of the duplicate, the largest first, conflicts included", async () => {
      const { store } = await open();
      const [first, other] = ["first", "other"].map((source) => eventText({ topic: "t", id: "e", source })) as [
        string,
        string,
      ];
      const late = { receivedAtMs: Date.now() + 7_200_000 };
      await verdictsOf(store, [first, first, other, first], [other, eventText({ source: "alone" })]);
      await apply(store, deliveryOf([other, first], late), deliveryOf([other], late));

      const expected = [
        { source: "other", duplicates: 4, conflicts: 4, ages: [2, 0, 0, 2, 0, 0] },
        { source: "first", duplicates: 3, conflicts: 0, ages: [2, 0, 0, 1, 0, 0] },
      ];
      expect(await sourcesOf(store)).toEqual({ bySource: expected, sourcesTotal: 2 });
      expect(await sourcesOf(store, 1)).toEqual({ bySource: expected.slice(0, 1), sourcesTotal: 2 });
      expect(await sourcesOf(store, 0)).toEqual({ bySource: [], sourcesTotal: 2 });
    });

    test("duplicates by source of sources with equal counts are sorted by name", async () => {
      const { store } = await open();
      const events = ["b", "a", "B", "\u{1f600}"].map((source) => eventText({ source }));
      await verdictsOf(store, events, events);

      const { bySource } = await sourcesOf(store, 3);

      expect(bySource.map(({ source }) => source)).toEqual(["B", "a", "b"]);
    });

    test("duplicates by source do not include frames that are delivered again", async () => {
      const { store } = await open();
      const event = eventText({ source: "s" });
      const delivery = deliveryOf([event, event]);
      await apply(store, delivery, delivery);
      await apply(store, delivery);

      expect((await sourcesOf(store)).bySource).toMatchObject([{ source: "s", duplicates: 1 }]);
    });

    test("duplicates by source add up to the duplicates and conflicts of the books", async () => {
      const { store } = await open();
      const events = Array.from({ length: 600 }, (_, index) =>
        eventText({ topic: `t${index % 7}`, id: `e${index % 50}`, source: `s${index % 11}` }),
      );
      await verdictsOf(store, events.slice(0, 300), events.slice(300));
      await verdictsOf(store, events);

      const { duplicates, conflicts, bySource, sourcesTotal, tableDrift } = await store.readBooks({
        maxTopics: 0,
        maxSources: 100,
      });

      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
      expect(sourcesTotal).toBe(11);
      expect(sum(bySource.map((source) => source.duplicates))).toBe(duplicates);
      expect(sum(bySource.map((source) => source.conflicts))).toBe(conflicts);
      expect(bySource.map(({ ages }) => sum(ages))).toEqual(bySource.map((source) => source.duplicates));
      expect(tableDrift).toBe(0);
    });
  });
}
