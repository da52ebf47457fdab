import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import { describe, expect, test } from "vitest";
import { apply, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";
import { countsOf, deadLettersOf, onlyDeadLetter } from "./read-dead-letters.ts";

export function describePoisonEvents(open: OpenForTest): void {
  describe("an event that the store refuses", () => {
    test.each([
      ["alone", 1, 0],
      ["first", 1_000, 0],
      ["last", 1_000, 999],
      ["in the middle", 1_000, 500],
    ])("an event that the store refuses, %s, does not affect the other events", async (_name, count, place) => {
      const { store, refuse } = await open();
      await refuse("bad");
      const events = Array.from({ length: count }, (_, index) => eventText({ ...(index === place && { id: "bad" }) }));
      const before = Date.now();

      const verdicts = await verdictsOf(store, events);

      expect(verdicts).toEqual([`${"s".repeat(place)}x${"s".repeat(count - 1 - place)}`]);
      expect(await countsOf(store)).toEqual({ stored: count - 1, duplicates: 0, conflicts: 0, deadLettered: 1 });
      const letter = await onlyDeadLetter(store);
      expect(letter).toMatchObject({ topic: "test.happened", events: 1, attempts: 1, content: events[place] });
      expect(letter.code).toMatch(/^(SQLITE_\w+|[0-9A-Z]{5})$/);
      expect(letter.reason).not.toBe("");
      expect(letter.deadAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      expect(Math.abs(Date.parse(letter.deadAt) - before)).toBeLessThan(60_000);
    });

    test.each([
      ["alone", 1, 0],
      ["first", 1_000, 0],
      ["last", 1_000, 999],
      ["in the middle", 1_000, 500],
    ])(
      "an event that the store refuses, %s, is stored by a redrive after the cause was fixed",
      async (_name, count, place) => {
        const { store, refuse, accept } = await open();
        await refuse("bad");
        const events = Array.from({ length: count }, (_, index) =>
          eventText({ ...(index === place && { id: "bad" }) }),
        );
        const delivery = deliveryOf(events);
        await apply(store, delivery);
        const { id } = await onlyDeadLetter(store);
        await accept();

        expect(await store.redrive(id)).toEqual({ status: "stored" });

        expect(await countsOf(store)).toEqual({ stored: count, duplicates: 0, conflicts: 0, deadLettered: 0 });
        expect((await store.findFrame(delivery.frame.id))?.verdicts).toBe("s".repeat(count));
      },
    );

    test("an event that the store refuses leaves its key to the next event with it", async () => {
      const { store } = await open();
      const copy = (timestamp: string, payload = "{}") => eventText({ topic: "t", id: "e", timestamp, payload });
      const [never, good, other] = [copy("never"), copy("2025-10-23T10:00:00Z"), copy("2025-10-23T10:00:01Z")];

      const verdicts = await verdictsOf(store, [never, good, never, good], [never, other, never], [never]);

      expect(verdicts).toEqual(["xsxd", "xcx", "x"]);
      expect(await countsOf(store)).toEqual({ stored: 1, duplicates: 2, conflicts: 1, deadLettered: 5 });
      expect((await deadLettersOf(store)).map(({ content }) => content)).toEqual(
        Array.from({ length: 5 }, () => never),
      );
    });

    test("an event that the store refuses does not delay new frames when its own frame is delivered again beside them", async () => {
      const { store } = await open();
      const delivery = deliveryOf([eventText(), eventText({ timestamp: "never" })]);
      await apply(store, delivery);

      const { frames } = await apply(store, deliveryOf([eventText()]), delivery, deliveryOf([eventText()]));

      expect(frames).toMatchObject([{ verdicts: "s" }, { isNew: false, verdicts: "sx" }, { verdicts: "s" }]);
      expect(await countsOf(store)).toMatchObject({ stored: 3, deadLettered: 1 });
    });

    test("an event that the store refuses counts as dead-lettered in its topic, and the other events as usual", async () => {
      const { store, refuse } = await open();
      await refuse("bad", "worse");
      const good = eventText({ topic: "mixed", id: "good" });
      const other = eventText({ topic: "mixed", id: "good", source: "other" });
      const [bad, worse] = [eventText({ topic: "mixed", id: "bad" }), eventText({ topic: "dead", id: "worse" })];
      const deliveries = [deliveryOf([good, bad, good]), deliveryOf([worse, bad]), deliveryOf([other])];

      const { frames, dropped } = await apply(store, ...deliveries);

      expect(frames.map(({ verdicts }) => verdicts)).toEqual(["sxd", "xx", "c"]);
      expect(dropped).toHaveLength(2);
      const books = await store.readBooks({ maxTopics: 10 });
      expect(books).toMatchObject({ stored: 1, duplicates: 2, conflicts: 1, deadLettered: 3, topicsTotal: 2 });
      expect(books.byTopic).toMatchObject([
        { topic: "mixed", stored: 1, duplicates: 2, conflicts: 1, deadLettered: 2 },
        { topic: "dead", stored: 0, duplicates: 0, conflicts: 0, deadLettered: 1 },
      ]);
      const frameIds = (await deadLettersOf(store)).map(({ frameId }) => frameId);
      const [first, second] = deliveries.map(({ frame }) => frame.id);
      expect(frameIds).toEqual([first, second, second]);
    });

    test("an event that the store refuses stays one dead letter when its frame is delivered again, even after a restart", async () => {
      const { store, refuse, reopen } = await open();
      await refuse("bad");
      const delivery = deliveryOf([eventText(), eventText({ id: "bad" })]);
      await apply(store, delivery, delivery);
      const [counts, letters] = [await countsOf(store), await deadLettersOf(store)];

      const reopened = await reopen();
      const again = await apply(reopened, delivery);

      expect(again.frames).toEqual([{ frameId: delivery.frame.id, isNew: false, verdicts: "sx" }]);
      expect(await countsOf(reopened)).toEqual(counts);
      expect(await deadLettersOf(reopened)).toEqual(letters);
      expect(letters).toHaveLength(1);
    });

    test("ten or more events refused with the same code are an error, and nothing changes", async () => {
      const { store, refuse, accept } = await open();
      const ids = Array.from({ length: 10 }, (_, index) => `e${index}`);
      await refuse(...ids);
      const events = ids.map((id) => eventText({ id }));
      const [first, second] = [deliveryOf(events.slice(0, 4)), deliveryOf(events.slice(4))];

      const failure: unknown = await apply(store, first, second).catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(Error);
      expect(failure instanceof InvalidInput || failure instanceof Unavailable).toBe(false);
      expect(await countsOf(store)).toEqual({ stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 });
      expect(await deadLettersOf(store)).toEqual([]);
      expect(await store.findFrame(first.frame.id)).toBeUndefined();
      await accept();
      const { frames } = await apply(store, first, second);
      expect(frames.map(({ verdicts }) => verdicts)).toEqual(["ssss", "ssssss"]);
    });

    test.each([
      ["nine", 9, 0],
      ["all but one of a call", 12, 1],
    ])("an event that the store refuses becomes a dead letter when it is one of %s", async (_name, count, good) => {
      const { store, refuse } = await open();
      const ids = Array.from({ length: count }, (_, index) => `e${index}`);
      await refuse(...ids);

      const verdicts = await verdictsOf(store, [
        ...ids.map((id) => eventText({ id })),
        ...Array.from({ length: good }, () => eventText()),
      ]);

      expect(verdicts).toEqual(["x".repeat(count) + "s".repeat(good)]);
      expect(await countsOf(store)).toMatchObject({ stored: good, deadLettered: count });
    });
  });
}
