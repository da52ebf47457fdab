import type { AppliedDelivery, AppliedFrame, DroppedCopy, TopicBooks } from "@tidemark/shared/event-store/event-store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryOf, eventText, uniqueName } from "../../support/frames.ts";
import type { OpenForTest } from "../event-store-contract.ts";
import { apply, findStored } from "./applying.ts";

interface Copy {
  topic: string;
  eventId: string;
  source: string;
}

/** A frame to be made of these copies, or the number of an earlier one (modulo how many there are) to be sent again. */
type Step = { copies: Copy[] } | { again: number };

// Few names, so that copies meet: in a frame, in a call, across calls.
const copy = fc.record({
  topic: fc.constantFrom("a", "b"),
  eventId: fc.constantFrom("1", "2", "3", "\u{1f30a}"),
  source: fc.constantFrom("x", "x", "y"),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ copies: fc.array(copy, { minLength: 1, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ again: fc.nat(20) }) },
);
const calls = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });

/** What a store is, in a few lines: the first copy stays, a frame counts once. */
class ModelStore {
  readonly stored = new Map<string, Copy>();
  readonly ledger = new Map<string, string>();
  readonly topics = new Map<string, Pick<TopicBooks, "topic" | "unique" | "duplicates" | "conflicts">>();
  dropped: DroppedCopy[] = [];

  apply(frameId: string, copies: Copy[]): AppliedFrame {
    const known = this.ledger.get(frameId);
    if (known !== undefined) return { frameId, isNew: false, verdicts: known };
    const verdicts = copies.map((copy) => this.#judge(copy)).join("");
    this.ledger.set(frameId, verdicts);
    return { frameId, isNew: true, verdicts };
  }

  #judge(copy: Copy): string {
    const key = JSON.stringify([copy.topic, copy.eventId]);
    const first = this.stored.get(key);
    const books = this.topics.get(copy.topic) ?? { topic: copy.topic, unique: 0, duplicates: 0, conflicts: 0 };
    this.topics.set(copy.topic, books);
    if (first === undefined) {
      this.stored.set(key, copy);
      books.unique++;
      return "s";
    }
    const isConflict = first.source !== copy.source;
    books.duplicates++;
    if (isConflict) books.conflicts++;
    this.dropped.push({ ...copy, isConflict });
    return isConflict ? "c" : "d";
  }
}

export function describeAgainstModel(open: OpenForTest): void {
  describe("is a store like its model", () => {
    test("whatever is sent and sent again", async () => {
      const { store } = await open();
      await fc.assert(
        fc.asyncProperty(calls, async (steps) => {
          const before = await store.readBooks({ maxTopics: 1 });
          const run = uniqueName("run");
          const model = new ModelStore();
          const sent: { copies: Copy[]; delivery: AppliedDelivery }[] = [];

          for (const call of steps) {
            const batch = call.map((next) => takeStep(next, sent, run));
            model.dropped = [];
            const expected = batch.map(({ copies, delivery }) => model.apply(delivery.frame.id, copies));
            const applied = await apply(store, ...batch.map(({ delivery }) => delivery));
            expect(applied).toEqual({ frames: expected, dropped: model.dropped });
          }

          for (const { topic, eventId, source } of model.stored.values()) {
            expect(await findStored(store, topic, eventId)).toMatchObject({ source });
          }
          const totals = { unique: before.unique, duplicates: before.duplicates, conflicts: before.conflicts };
          for (const books of model.topics.values()) {
            const { byTopic } = await store.readBooks({ maxTopics: 1, topic: books.topic });
            expect(byTopic).toMatchObject([books]);
            totals.unique += books.unique;
            totals.duplicates += books.duplicates;
            totals.conflicts += books.conflicts;
          }
          expect(await store.readBooks({ maxTopics: 1 })).toMatchObject(totals);
        }),
        { numRuns: 25 },
      );
    });
  });
}

/** Makes the frame a step asks for, in topics of this run alone, or finds the one it repeats. */
function takeStep(step: Step, sent: { copies: Copy[]; delivery: AppliedDelivery }[], run: string) {
  const earlier = "again" in step ? sent[step.again % Math.max(sent.length, 1)] : undefined;
  if (earlier !== undefined) return earlier;
  const source = "copies" in step ? step.copies : [{ topic: "a", eventId: "1", source: "x" }];
  const copies = source.map((copy) => ({ ...copy, topic: `${run} ${copy.topic}` }));
  const events = copies.map(({ topic, eventId, source }) => eventText({ topic, id: eventId, source }));
  const made = { copies, delivery: deliveryOf(events) };
  sent.push(made);
  return made;
}
