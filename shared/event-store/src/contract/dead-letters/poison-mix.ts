import fc from "fast-check";
import { expect, test } from "vitest";
import { verdictsOf } from "../applying.ts";
import { eventText, uniqueName } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";
import { countsOf, deadLettersOf } from "./read-dead-letters.ts";

// There are few names, so that good and bad events share keys. A call has fewer than ten events, because ten events
// refused with the same code are an error.
const copy = fc.record({ id: fc.constantFrom("a", "b", "c"), isBad: fc.boolean() });
const frame = fc.array(copy, { minLength: 1, maxLength: 3 });
const calls = fc.array(fc.array(frame, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });

export function describePoisonMix(open: OpenForTest): void {
  test("good and bad events in any order each have their own verdict, and the books agree", async () => {
    const { store } = await open();
    await fc.assert(
      fc.asyncProperty(calls, async (batches) => {
        const topic = uniqueName("mix");
        const stored = new Set<string>();
        const before = { ...(await countsOf(store)), letters: (await deadLettersOf(store)).length };
        let verdicts = "";

        for (const frames of batches) {
          const texts = frames.map((copies) =>
            copies.map(({ id, isBad }) => eventText({ topic, id, ...(isBad && { timestamp: "never" }) })),
          );
          const expected = frames.map((copies) =>
            copies.map(({ id, isBad }) => (isBad ? "x" : stored.size < stored.add(id).size ? "s" : "d")).join(""),
          );
          expect(await verdictsOf(store, ...texts)).toEqual(expected);
          verdicts += expected.join("");
        }

        const count = (letter: string) => verdicts.split(letter).length - 1;
        expect({ ...(await countsOf(store)), letters: (await deadLettersOf(store)).length }).toEqual({
          stored: before.stored + count("s"),
          duplicates: before.duplicates + count("d"),
          conflicts: 0,
          deadLettered: before.deadLettered + count("x"),
          letters: before.letters + count("x"),
        });
      }),
      { numRuns: 25 },
    );
  });
}
