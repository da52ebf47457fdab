import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AppliedDelivery } from "../../event-store.ts";
import { apply } from "../applying.ts";
import { deliveryOf, uniqueName } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";
import { type Copy, copies, ModelStore, spellCopy } from "./model-store.ts";
import { verifyStore } from "./verify-store.ts";

/** A frame that is sent once or several times. */
export interface SentFrame {
  copies: Copy[];
  delivery: AppliedDelivery;
}

/** Frames, and calls that apply them by their indexes. A repeated index is a redelivery. */
export interface Plan {
  frames: Copy[][];
  calls: number[][];
}

export const plans: fc.Arbitrary<Plan> = copies.chain((frames) => {
  const frame = fc.nat(frames.length - 1);
  const calls = fc.array(fc.array(frame, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  return fc.record({ frames: fc.constant(frames), calls });
});

/** Makes the frames of a plan, in topics that no other run has. */
export function makeFrames(frames: Copy[][]): SentFrame[] {
  const run = uniqueName("run");
  return frames.map((frame) => {
    const copies = frame.map((copy) => ({ ...copy, topic: `${run} ${copy.topic}` }));
    return { copies, delivery: deliveryOf(copies.map(spellCopy)) };
  });
}

/** Tests a store with one writer, so that the model can predict every verdict. */
export function describeAgainstModel(open: OpenForTest): void {
  describe("the store answers like its model", () => {
    test("verdicts, events, ledger and books equal those of the model, for any frames and redeliveries", async () => {
      const { store } = await open();
      await fc.assert(
        fc.asyncProperty(plans, async ({ frames, calls }) => {
          const before = await store.readBooks({ maxTopics: 1 });
          const sent = makeFrames(frames);
          const model = new ModelStore();
          const verdicts = new Map<string, { copies: Copy[]; verdicts: string }>();

          for (const call of calls) {
            const batch = call.flatMap((number) => sent[number] ?? []);
            const expected = batch.map(({ copies, delivery }) => model.apply(delivery.frame.id, copies));
            const applied = await apply(store, ...batch.map(({ delivery }) => delivery));
            expect(applied.frames).toEqual(expected);
            const fresh = batch.filter((_, index) => expected[index]?.isNew);
            expect(applied.dropped).toEqual(droppedOf(fresh, model));
            for (const { copies, delivery } of fresh) {
              const { verdicts: letters } = model.apply(delivery.frame.id, copies);
              verdicts.set(delivery.frame.id, { copies, verdicts: letters });
            }
          }

          const judged = [...verdicts].map(([frameId, frame]) => ({ frameId, ...frame }));
          await verifyStore(store, judged);
          const letters = judged.map((frame) => frame.verdicts).join("");
          const after = await store.readBooks({ maxTopics: 1 });
          expect(after.stored - before.stored).toBe(letters.replaceAll(/[^s]/g, "").length);
          expect(after.duplicates - before.duplicates).toBe(letters.replaceAll("s", "").length);
          expect(after.conflicts - before.conflicts).toBe(letters.replaceAll(/[^c]/g, "").length);
        }),
        { numRuns: 40, endOnFailure: true },
      );
    });
  });
}

function droppedOf(frames: SentFrame[], model: ModelStore) {
  return frames.flatMap(({ copies, delivery }) => {
    const { verdicts } = model.apply(delivery.frame.id, copies);
    return copies.flatMap(({ topic, eventId, source }, index) =>
      verdicts[index] === "s" ? [] : [{ topic, eventId, source, isConflict: verdicts[index] === "c" }],
    );
  });
}
