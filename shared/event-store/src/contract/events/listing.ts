import { InvalidInput } from "@tidemark/domain/errors";
import { describe, expect, test, vi } from "vitest";
import type { EventQuery, EventStore } from "../../event-store.ts";
import { findStored, verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

/** Stores seven events in three calls; those of topic `even` and `odd` alternate. In order of processing: e0 to e6. */
async function fill(store: EventStore): Promise<void> {
  const events = Array.from({ length: 7 }, (_, index) =>
    eventText({ topic: index % 2 === 0 ? "even" : "odd", id: `e${index}` }),
  );
  await verdictsOf(store, events.slice(0, 3));
  await verdictsOf(store, events.slice(3, 5), events.slice(5, 6));
  await verdictsOf(store, events.slice(6));
}

/** Reads pages until an empty or the last one. Returns the ids listed and the last position. */
async function walk(store: EventStore, query: EventQuery): Promise<{ ids: string[]; position: string | undefined }> {
  const ids: string[] = [];
  let position = query.after;
  for (;;) {
    const page = await store.listEvents({ ...query, ...(position !== undefined && { after: position }) });
    ids.push(...page.events.map((event) => event.eventId));
    position = page.next;
    if (position === undefined || page.events.length === 0) return { ids, position };
  }
}

/**
 * Reads forward until this number of events is listed. A store may withhold an event while another transaction could
 * still precede it.
 */
async function walkUntil(store: EventStore, query: EventQuery, count: number) {
  const ids: string[] = [];
  let position = query.after;
  await vi.waitFor(
    async () => {
      const further = await walk(store, { ...query, ...(position !== undefined && { after: position }) });
      ids.push(...further.ids);
      position = further.position;
      if (ids.length < count) throw new Error(`walked ${ids.length} of ${count} events`);
    },
    { timeout: 20_000, interval: 10 },
  );
  return { ids, position };
}

export function describeListing(open: OpenForTest): void {
  describe("the listing of events", () => {
    test("the listing of events ends a page of large events early, and the next page continues", async () => {
      const { store } = await open();
      const payload = JSON.stringify({ text: "y".repeat(3_000_000) });
      const ids = ["a", "b", "c", "d"];
      for (const id of ids) await verdictsOf(store, [eventText({ id, payload })]);

      const newest = await store.listEvents({ limit: 10, order: "desc" });
      expect(newest.events.map(({ eventId }) => eventId)).toEqual(["d", "c"]);
      const rest = await store.listEvents({ limit: 10, order: "desc", after: String(newest.next) });
      expect(rest).toMatchObject({ events: [{ eventId: "b" }, { eventId: "a" }] });
      expect(rest.next).toBeUndefined();
      expect((await walkUntil(store, { limit: 10, order: "asc" }, 4)).ids).toEqual(ids);
    });

    test("the listing of events ends a page at `maxBytes`, but after at least one event", async () => {
      const { store } = await open();
      const payload = JSON.stringify({ text: "y".repeat(3_000) });
      for (const id of ["a", "b", "c"]) await verdictsOf(store, [eventText({ id, payload })]);

      await walkUntil(store, { limit: 10, order: "asc" }, 3);

      const first = await store.listEvents({ limit: 10, order: "asc", maxBytes: 7_000 });
      const rest = await store.listEvents({ limit: 10, order: "desc", maxBytes: 100 });

      expect(first.events.map(({ eventId }) => eventId)).toEqual(["a", "b"]);
      expect(rest).toMatchObject({ events: [{ eventId: "c" }], next: expect.any(String) });
    });

    test("the listing of events has the newest events first, completely", async () => {
      const { store } = await open();
      await fill(store);

      const page = await store.listEvents({ limit: 100, order: "desc" });

      expect(page.events.map((event) => event.eventId)).toEqual(["e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
      expect(page.events[0]).toEqual(await findStored(store, "even", "e6"));
      expect(page.next).toBeUndefined();
    });

    test("the listing of events has the oldest events first, in the order of frames and events", async () => {
      const { store } = await open();
      await fill(store);

      const { ids } = await walkUntil(store, { limit: 100, order: "asc" }, 7);

      expect(ids).toEqual(["e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
    });

    test.each([1, 2, 3, 6, 7, 8])(
      "the listing of events has every event exactly once in pages of %i",
      async (limit) => {
        const { store } = await open();
        await fill(store);

        const backward = await walk(store, { limit, order: "desc" });
        const forward = await walkUntil(store, { limit, order: "asc" }, 7);

        expect(backward.ids).toEqual(["e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
        expect(backward.position).toBeUndefined();
        expect(forward.ids).toEqual(backward.ids.toReversed());
      },
    );

    test("the listing of events has the events of one topic", async () => {
      const { store } = await open();
      await fill(store);

      expect((await walk(store, { limit: 2, order: "desc", topic: "even" })).ids).toEqual(["e6", "e4", "e2", "e0"]);
      expect((await walkUntil(store, { limit: 2, order: "asc", topic: "odd" }, 3)).ids).toEqual(["e1", "e3", "e5"]);
      const none = await store.listEvents({ limit: 2, order: "desc", topic: "ev" });
      expect(none).toEqual({ events: [] });
    });

    test("the listing of events continues from the position of an empty page", async () => {
      const { store } = await open();
      const start = await store.listEvents({ limit: 10, order: "asc" });
      expect(start).toMatchObject({ events: [], next: expect.any(String) });
      const startOfTopic = await store.listEvents({ limit: 10, order: "asc", topic: "odd" });
      await fill(store);

      const all = await walkUntil(store, { limit: 3, order: "asc", after: String(start.next) }, 7);
      const odd = await walkUntil(store, { limit: 3, order: "asc", topic: "odd", after: String(startOfTopic.next) }, 3);
      await verdictsOf(store, [eventText({ topic: "odd", id: "e7" })]);
      const later = await walkUntil(store, { limit: 3, order: "asc", after: String(all.position) }, 1);

      expect(all.ids).toEqual(["e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
      expect(odd.ids).toEqual(["e1", "e3", "e5"]);
      expect(later.ids).toEqual(["e7"]);
    });

    test("the listing of events is not shifted by newer events", async () => {
      const { store } = await open();
      await fill(store);
      const first = await store.listEvents({ limit: 2, order: "desc" });
      await verdictsOf(store, [eventText(), eventText()]);

      const { ids } = await walk(store, { limit: 2, order: "desc", after: String(first.next) });

      expect(ids).toEqual(["e4", "e3", "e2", "e1", "e0"]);
    });

    test("the listing of events has all events that are stored during a forward scan", async () => {
      const { store } = await open();
      const ids = Array.from({ length: 90 }, (_, index) => `e${index}`);
      const write = async () => {
        for (let at = 0; at < ids.length; at += 3) {
          const events = ids.slice(at, at + 3).map((id) => eventText({ id }));
          await verdictsOf(store, events.slice(0, 1), events.slice(1));
        }
      };

      const [walked] = await Promise.all([walkUntil(store, { limit: 4, order: "asc" }, ids.length), write()]);

      expect(walked.ids).toEqual(ids);
    });

    test("the listing of events refuses a cursor that is not a position", async () => {
      const { store } = await open();
      const malformed = ["", "x", "-1", "1.5", "1e3", " 1", "0x10", "\u0661", "9".repeat(23), "1;DROP TABLE events"];

      for (const [after, order] of malformed.flatMap((text) => [[text, "asc"] as const, [text, "desc"] as const])) {
        const refused = store.listEvents({ limit: 1, order, after });
        await expect(refused, after).rejects.toThrow(InvalidInput);
        await expect(refused, after).rejects.toMatchObject({ code: "invalid_cursor", status: 400 });
      }
    });
  });

  test("an empty store lists and finds no events", async () => {
    const { store } = await open();
    await fill(store);

    expect(await store.findEvent("even", "e1")).toBeUndefined();
    expect(await store.findEvent("EVEN", "e0")).toBeUndefined();
    expect(await store.findEvent("", "")).toBeUndefined();
  });

  test("a store answers a ping", async () => {
    const { store } = await open();

    await expect(store.ping()).resolves.toBeUndefined();
  });
}
