import { describe, expect, test, vi } from "vitest";
import type { EventFilters, EventStore } from "../../event-store.ts";
import { verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

/** Stores ten events `e0` to `e9`, a minute apart, of topic `even` or `odd`, each third of source `third`. */
async function fill(store: EventStore): Promise<void> {
  const events = Array.from({ length: 10 }, (_, index) =>
    eventText({
      topic: index % 2 === 0 ? "even" : "odd",
      id: `e${index}`,
      source: index % 3 === 0 ? "third" : "other",
      timestamp: `2025-10-23T12:0${index}:00+02:00`,
    }),
  );
  await verdictsOf(store, events.slice(0, 4));
  await verdictsOf(store, events.slice(4));
}

async function walk(store: EventStore, filters: EventFilters, order: "asc" | "desc"): Promise<string[]> {
  const upTo = order === "asc" ? await store.readTip() : undefined;
  const ids: string[] = [];
  let after: string | undefined;
  await vi.waitFor(
    async () => {
      for (;;) {
        const query = { ...filters, order, limit: 2, ...(after && { after }), ...(upTo && { upTo }) };
        const { events, next } = await store.listEvents(query);
        ids.push(...events.map(({ eventId }) => eventId));
        if (next === upTo) return; // both undefined at the end of a scan backward
        if (next === after) throw new Error(`the scan is at ${next}, and its end is ${upTo}`);
        after = next;
      }
    },
    { timeout: 20_000, interval: 10 },
  );
  return ids;
}

const minute = (number: number) => `2025-10-23T10:0${number}:00.000000Z`;

const QUERIES: [what: string, filters: EventFilters, ids: string[]][] = [
  ["a source", { source: "third" }, ["e0", "e3", "e6", "e9"]],
  ["a source of a topic", { topic: "odd", source: "third" }, ["e3", "e9"]],
  ["since, inclusive", { since: minute(8) }, ["e8", "e9"]],
  ["until, exclusive", { until: minute(2) }, ["e0", "e1"]],
  ["a span of a topic", { topic: "even", since: minute(2), until: "2025-10-23T10:06:00.000001Z" }, ["e2", "e4", "e6"]],
  ["an id in any topic", { eventId: "e7" }, ["e7"]],
  ["a key", { topic: "odd", eventId: "e7" }, ["e7"]],
  ["a key with filters that match it", { topic: "odd", eventId: "e7", source: "other", since: minute(7) }, ["e7"]],
  ["a key with filters that do not match it", { topic: "odd", eventId: "e7", until: minute(7) }, []],
  ["an unknown key", { topic: "even", eventId: "e7" }, []],
  ["an unknown source", { source: "Third" }, []],
  ["an empty span", { since: minute(5), until: minute(5) }, []],
];

export function describeFilters(open: OpenForTest): void {
  describe("filters", () => {
    test.each(QUERIES)("a cursor scan keeps to %s, in both orders", async (_what, filters, ids) => {
      const { store } = await open();
      await fill(store);

      expect(await walk(store, filters, "asc")).toEqual(ids);
      expect(await walk(store, filters, "desc")).toEqual(ids.toReversed());
    });

    test("a page scans at most 10,000 events, and the next pages find the rest", async () => {
      const { store } = await open();
      const common = (start: number) =>
        Array.from({ length: 7_000 }, (_, index) =>
          eventText({ topic: "t", id: `c${start + index}`, source: "common" }),
        );
      await verdictsOf(store, [eventText({ topic: "t", id: "first", source: "rare" }), ...common(0)]);
      await verdictsOf(store, [...common(7_000), eventText({ topic: "t", id: "last", source: "rare" })]);

      for (const topic of [undefined, "t"]) {
        const filters = { source: "rare", ...(topic !== undefined && { topic }) };
        const page = await store.listEvents({ ...filters, limit: 2, order: "desc" });
        expect(page).toMatchObject({ events: [{ eventId: "last" }], next: expect.any(String) });
        expect(await walk(store, filters, "desc")).toEqual(["last", "first"]);
        expect(await walk(store, filters, "asc")).toEqual(["first", "last"]);
      }
    });

    test("a scan up to the tip ends there, even if events are stored meanwhile", async () => {
      const { store } = await open();
      await fill(store);
      const upTo = await store.readTip();
      await verdictsOf(store, [eventText({ topic: "odd", id: "late" })]);

      // Another test may hold a transaction open on the same server, and the scan waits for its end.
      const patience = { timeout: 20_000 };
      const page = await vi.waitFor(async () => {
        const page = await store.listEvents({ limit: 100, order: "asc", upTo });
        expect(page.next).toBe(upTo);
        return page;
      }, patience);
      const onwards = await vi.waitFor(async () => {
        const page = await store.listEvents({ limit: 100, order: "asc", after: upTo });
        expect(page.events).toHaveLength(1);
        return page;
      }, patience);

      expect(page.events).toHaveLength(10);
      expect(onwards.events.map(({ eventId }) => eventId)).toEqual(["late"]);
      const behind = await store.listEvents({ limit: 100, order: "asc", after: String(onwards.next), upTo });
      expect(behind).toEqual({ events: [], next: onwards.next });
    });
  });
}
