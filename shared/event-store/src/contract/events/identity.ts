import { describe, expect, test } from "vitest";
import { apply, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

export function describeIdentity(open: OpenForTest): void {
  describe("identity", () => {
    test("the first event of a key is stored, and the second dropped, in one frame or two", async () => {
      const { store } = await open();
      const event = eventText();

      expect(await verdictsOf(store, [event, event])).toEqual(["sd"]);
      expect(await verdictsOf(store, [event])).toEqual(["d"]);
    });

    test("a duplicate in another frame of the same call is dropped", async () => {
      const { store } = await open();
      const [first, second, third] = [eventText(), eventText(), eventText()];

      expect(await verdictsOf(store, [first, second], [second, third], [third, first])).toEqual(["ss", "ds", "dd"]);
    });

    test("a duplicate is dropped after the store was opened again", async () => {
      const { store, reopen } = await open();
      const event = eventText();
      await verdictsOf(store, [event]);

      const reopened = await reopen();

      expect(await verdictsOf(reopened, [event, eventText()])).toEqual(["ds"]);
    });

    test("of events with one key, the first in the order of frames and events is stored", async () => {
      const { store } = await open();
      const copies = ["first", "second", "third"].map((source) => eventText({ topic: "t", id: "e", source }));

      expect(await verdictsOf(store, copies.slice(0, 2), copies.slice(2))).toEqual(["sc", "c"]);
      expect(await store.findEvent("t", "e")).toMatchObject({ source: "first" });
    });

    test("the same id in another topic is another event", async () => {
      const { store } = await open();

      const events = [eventText({ topic: "a", id: "bc" }), eventText({ topic: "ab", id: "c" })];
      expect(await verdictsOf(store, [...events, eventText({ topic: "b", id: "bc" })])).toEqual(["sss"]);
    });

    test.each([
      ["composed and decomposed", "\u00e9", "e\u0301"],
      ["upper and lower case", "ABC", "abc"],
      ["with and without a space at the end", "abc", "abc "],
      ["full and half width", "\uff21", "A"],
    ])("ids and topics differ when their bytes differ: %s", async (_name, left, right) => {
      const { store } = await open();

      const ids = [left, right].map((id) => eventText({ topic: "t", id }));
      const topics = [left, right].map((topic) => eventText({ topic, id: "e" }));
      expect(await verdictsOf(store, [...ids, ...topics])).toEqual(["ssss"]);
      expect(await store.findEvent("t", right)).toMatchObject({ eventId: right });
    });

    test("an escaped and a plain spelling are the same name", async () => {
      const { store } = await open();
      const plain = eventText({ topic: "caf\u00e9", id: "a/b" });
      const escaped = plain.replace("\u00e9", "\\u00e9").replace("a/b", "\\u0061\\/b");

      expect(await verdictsOf(store, [plain, escaped])).toEqual(["sd"]);
    });

    test("any text is a valid name", async () => {
      const { store } = await open();
      const names = [..."*>. /\\\"'%_{}[],:;$\u0080\u{1f30a}", "\u{1f30a}".repeat(255), "null", "\ufeff", "NaN"];

      const events = names.map((name) => eventText({ topic: name, id: name, source: name }));
      expect(await verdictsOf(store, events, events)).toEqual(["s".repeat(names.length), "d".repeat(names.length)]);
      for (const name of names) {
        expect(await store.findEvent(name, name)).toMatchObject({ topic: name, eventId: name, source: name });
      }
    });
  });

  describe("a frame", () => {
    test("a frame changes nothing when it is delivered again, and gets its first verdicts", async () => {
      const { store } = await open();
      const [known, fresh] = [eventText({ topic: "t" }), eventText({ topic: "t" })];
      await verdictsOf(store, [known]);
      const delivery = deliveryOf([fresh, known, fresh]);

      const first = await apply(store, delivery, delivery);
      const books = await store.readBooks({ maxTopics: 10 });
      const later = await apply(store, { ...delivery, origin: { generation: "another log", sequence: 7 } });

      const frameId = delivery.frame.id;
      expect(first.frames).toEqual([
        { frameId, isNew: true, verdicts: "sdd" },
        { frameId, isNew: false, verdicts: "sdd" },
      ]);
      expect(first.dropped).toHaveLength(2);
      expect(later).toEqual({ frames: [{ frameId, isNew: false, verdicts: "sdd" }], dropped: [] });
      expect(await store.readBooks({ maxTopics: 10 })).toEqual(books);
    });

    test("a frame is recognised after the store was opened again", async () => {
      const { store, reopen } = await open();
      const delivery = deliveryOf([eventText(), eventText()]);
      await apply(store, delivery);

      const reopened = await reopen();

      expect(await apply(reopened, delivery, deliveryOf([eventText()]))).toMatchObject({
        frames: [
          { frameId: delivery.frame.id, isNew: false, verdicts: "ss" },
          { isNew: true, verdicts: "s" },
        ],
      });
    });

    test("a frame is found in the ledger with its verdicts", async () => {
      const { store } = await open();
      const event = eventText({ topic: "t", id: "e" });
      const delivery = deliveryOf([event, event]);
      await apply(store, delivery);

      const entry = await store.findFrame(delivery.frame.id);

      const stored = await store.findEvent("t", "e");
      expect(entry).toEqual({ verdicts: "sd", processedAt: stored?.processedAt });
      expect(await store.findFrame("00000000-0000-4000-8000-000000000000")).toBeUndefined();
    });

    test("a frame names its first dropped duplicates, no more than requested", async () => {
      const { store } = await open();
      const event = eventText({ topic: "t", id: "e", source: "first" });
      const changed = eventText({ topic: "t", id: "e", source: "second" });
      const deliveries = [deliveryOf([event, event]), deliveryOf([changed, event])];

      const { dropped } = await store.apply(deliveries, { maxNamed: 2 });

      expect(dropped).toEqual([
        { topic: "t", eventId: "e", source: "first", isConflict: false },
        { topic: "t", eventId: "e", source: "second", isConflict: true },
      ]);
      expect((await store.apply([deliveryOf([event])], { maxNamed: 0 })).dropped).toEqual([]);
    });

    test("a frame names every dropped duplicate when there is no limit", async () => {
      const { store } = await open();
      const event = eventText();

      const delivery = deliveryOf([event, event, event]);
      const { dropped } = await store.apply([delivery], { maxNamed: Number.POSITIVE_INFINITY });

      expect(dropped).toHaveLength(2);
    });

    test("a call without frames changes nothing", async () => {
      const { store } = await open();

      expect(await apply(store)).toEqual({ frames: [], dropped: [] });
    });
  });
}
