import { isSameJson } from "@tidemark/json/value";
import { describe, expect, test } from "vitest";
import type { AppliedDelivery, EventStore } from "../../event-store.ts";
import { apply, findStored, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest, StoreUnderTest } from "../store-under-test.ts";
import { countsOf, deadLettersOf, onlyDeadLetter } from "./read-dead-letters.ts";

export function describeDeadLetters(open: OpenForTest): void {
  describeRedrive(open);
  describeDeletion(open);
}

/** Applies three events of one key that the store refuses, the last of another source, between events that it stores. */
async function fillWithDead({ store, refuse }: Pick<StoreUnderTest, "store" | "refuse">) {
  await refuse("bad");
  const bad = eventText({ topic: "t", id: "bad", source: "a", payload: '{"n":12345678901234567890}' });
  const other = eventText({ topic: "t", id: "bad", source: "b", payload: '{"n":12345678901234567890}' });
  const delivery = deliveryOf([eventText({ topic: "t" }), bad, bad, eventText({ topic: "t" }), other]);
  await apply(store, delivery);
  return { delivery, ids: (await deadLettersOf(store)).map(({ id }) => id) };
}

async function ledgerOf(store: EventStore, { frame }: AppliedDelivery): Promise<string | undefined> {
  return (await store.findFrame(frame.id))?.verdicts;
}

function describeRedrive(open: OpenForTest): void {
  describe("a redriven dead letter", () => {
    test("a redriven dead letter becomes stored, duplicate or conflict in the books and in the ledger", async () => {
      const opened = await open();
      const { store } = opened;
      const { delivery, ids } = await fillWithDead(opened);
      await opened.accept();
      const [first = "", second = "", third = ""] = ids;

      expect(await store.redrive(first)).toEqual({ status: "stored" });
      expect(await ledgerOf(store, delivery)).toBe("ssxsx");
      expect(await countsOf(store)).toEqual({ stored: 3, duplicates: 0, conflicts: 0, deadLettered: 2 });
      expect(await store.redrive(second)).toEqual({ status: "duplicate" });
      expect(await ledgerOf(store, delivery)).toBe("ssdsx");
      expect(await countsOf(store)).toEqual({ stored: 3, duplicates: 1, conflicts: 0, deadLettered: 1 });
      expect(await store.redrive(third)).toEqual({ status: "conflict" });
      expect(await ledgerOf(store, delivery)).toBe("ssdsc");
      expect(await countsOf(store)).toEqual({ stored: 3, duplicates: 2, conflicts: 1, deadLettered: 0 });

      expect(await deadLettersOf(store)).toEqual([]);
      const stored = await findStored(store, "t", "bad");
      expect(stored.source).toBe("a");
      expect(isSameJson(String(stored.payload), '{"n":12345678901234567890}')).toBe(true);
      const { byTopic } = await store.readBooks({ maxTopics: 10 });
      expect(byTopic).toMatchObject([{ topic: "t", stored: 3, duplicates: 2, conflicts: 1, deadLettered: 0 }]);
      expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: false, verdicts: "ssdsc" }]);
    });

    test("a redriven dead letter counts under its source when it is a duplicate", async () => {
      const opened = await open();
      const { ids } = await fillWithDead(opened);
      await opened.accept();

      for (const id of ids) await opened.store.redrive(id);

      const { bySource, tableDrift } = await opened.store.readBooks({ maxTopics: 0, maxSources: 10 });
      expect(bySource).toEqual([
        { source: "a", duplicates: 1, conflicts: 0, ages: [1, 0, 0, 0, 0, 0] },
        { source: "b", duplicates: 1, conflicts: 1, ages: [1, 0, 0, 0, 0, 0] },
      ]);
      expect(tableDrift).toBe(0);
    });

    test("a redriven dead letter is the newest event of the listing", async () => {
      const opened = await open();
      const { ids } = await fillWithDead(opened);
      await opened.accept();

      await opened.store.redrive(ids[0] ?? "");

      const { events } = await opened.store.listEvents({ limit: 1, order: "desc" });
      expect(events).toMatchObject([{ eventId: "bad" }]);
    });

    test("a redriven dead letter stays when the store refuses it again, with one more attempt", async () => {
      const opened = await open();
      const { store } = opened;
      const { delivery } = await fillWithDead(opened);
      const letters = await deadLettersOf(store);
      const counts = await countsOf(store);
      const [letter] = letters;

      const redriven = await store.redrive(letter?.id ?? "");

      expect(redriven).toMatchObject({ status: "refused", code: letter?.code, reason: expect.stringMatching(/./) });
      const [tried, ...untried] = await deadLettersOf(store);
      expect(tried).toMatchObject({ id: letter?.id, attempts: 2, deadAt: letter?.deadAt, content: letter?.content });
      expect(untried).toEqual(letters.slice(1));
      expect(await countsOf(store)).toEqual(counts);
      expect(await ledgerOf(store, delivery)).toBe("sxxsx");
    });

    test("a redriven dead letter can be redriven only once", async () => {
      const opened = await open();
      const { ids } = await fillWithDead(opened);
      await opened.accept();
      await opened.store.redrive(ids[0] ?? "");
      const counts = await countsOf(opened.store);

      expect(await opened.store.redrive(ids[0] ?? "")).toBeUndefined();
      expect(await opened.store.deleteDeadLetter(ids[0] ?? "")).toBe(false);

      expect(await countsOf(opened.store)).toEqual(counts);
    });
  });

  test.each(["", "0", "1", "-1", "x", "1.5", "9".repeat(40), "1;DROP TABLE events"])(
    "an id without a dead letter, %j, is not found",
    async (id) => {
      const { store } = await open();

      expect(await store.redrive(id)).toBeUndefined();
      expect(await store.deleteDeadLetter(id)).toBe(false);
    },
  );
}

function describeDeletion(open: OpenForTest): void {
  describe("a deleted dead letter", () => {
    test("a deleted dead letter loses its content and stays counted", async () => {
      const opened = await open();
      const { store } = opened;
      const { delivery, ids } = await fillWithDead(opened);
      const counts = await countsOf(store);

      expect(await store.deleteDeadLetter(ids[1] ?? "")).toBe(true);

      expect(await store.deleteDeadLetter(ids[1] ?? "")).toBe(false);
      expect((await deadLettersOf(store)).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
      expect(await countsOf(store)).toEqual(counts);
      expect(await ledgerOf(store, delivery)).toBe("sxxsx");
    });

    test("a deleted dead letter does not pass its id on to another dead letter", async () => {
      const opened = await open();
      const { ids } = await fillWithDead(opened);
      for (const id of ids) await opened.store.deleteDeadLetter(id);

      await verdictsOf(opened.store, [eventText({ id: "bad" })]);

      expect(ids).not.toContain((await onlyDeadLetter(opened.store)).id);
    });
  });
}
