import { describe, expect, test } from "vitest";
import { OUT_OF_TIME } from "../../refusal.ts";
import { apply, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { CompleteStore } from "../store-under-test.ts";
import { countsOf, deadLettersOf, onlyDeadLetter } from "./read-dead-letters.ts";

/** An empty store with a time limit of seconds, and ways to make events slow. */
export interface SlowStoreUnderTest {
  store: CompleteStore;
  /** Makes the store exceed its time limit for events of these ids. It is called once before `speedUp`. */
  slowDown(...eventIds: string[]): Promise<void>;
  /** Ends this, so that the store takes those events as quickly as others. */
  speedUp(): Promise<void>;
}

const texts = (count: number, slow: Record<number, string>) =>
  Array.from({ length: count }, (_, index) => eventText({ ...(slow[index] !== undefined && { id: slow[index] }) }));

/** Tests the verdict on an event that takes too long, in a store that is closed when the test ends. */
export function describeSlowEvents(open: () => Promise<SlowStoreUnderTest>): void {
  describe("an event that takes too long", () => {
    test("an event that takes too long becomes a dead letter with the code out_of_time, and its neighbours are stored", async () => {
      const { store, slowDown } = await open();
      await slowDown("slow");
      const deliveries = [
        deliveryOf(texts(3, {})),
        deliveryOf(texts(20, { 7: "slow" })),
        deliveryOf([eventText({ topic: "t", id: "a" }), eventText({ topic: "t", id: "a" })]),
      ];

      const { frames } = await apply(store, ...deliveries);

      expect(frames.map(({ verdicts }) => verdicts)).toEqual(["sss", `${"s".repeat(7)}x${"s".repeat(12)}`, "sd"]);
      expect(await countsOf(store)).toEqual({ stored: 23, duplicates: 1, conflicts: 0, deadLettered: 1 });
      const letter = await onlyDeadLetter(store);
      expect(letter).toMatchObject({ code: OUT_OF_TIME, attempts: 1, frameId: deliveries[1]?.frame.id });
      expect(letter.reason).toContain("took longer than");
      expect((await apply(store, ...deliveries)).frames.map(({ isNew }) => isNew)).toEqual([false, false, false]);
    });

    test("an event that takes too long stays a dead letter until a redrive stores it within the time limit", async () => {
      const { store, slowDown, speedUp } = await open();
      await slowDown("slow");
      await verdictsOf(store, [eventText({ id: "slow" })]);
      const { id } = await onlyDeadLetter(store);

      expect(await store.redrive(id)).toMatchObject({ status: "refused", code: OUT_OF_TIME });
      expect(await onlyDeadLetter(store)).toMatchObject({ attempts: 2 });
      await speedUp();

      expect(await store.redrive(id)).toEqual({ status: "stored" });
      expect(await countsOf(store)).toEqual({ stored: 1, duplicates: 0, conflicts: 0, deadLettered: 0 });
    });

    test("an event that takes too long becomes a dead letter even when every event of its batch takes too long", async () => {
      const { store, slowDown } = await open();
      const ids = Array.from({ length: 10 }, (_, index) => `slow-${index}`);
      await slowDown(...ids);

      const verdicts = await verdictsOf(
        store,
        ids.map((id) => eventText({ id })),
      );

      expect(verdicts).toEqual(["x".repeat(10)]);
      expect((await deadLettersOf(store)).map(({ code }) => code)).toEqual(ids.map(() => OUT_OF_TIME));
    });
  });
}
