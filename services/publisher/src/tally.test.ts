import fc from "fast-check";
import { expect, test } from "vitest";
import { agrees, compareAnswers } from "./comparison.ts";
import { NumberSet } from "./number-set.ts";
import { Tally } from "./tally.ts";

const DISTINCT = 12;

/** A request: the number of attempts whose answer is lost after the service took them, and whether the last one is answered. */
const anyRequest = fc.record({
  events: fc.array(fc.nat(DISTINCT - 1), { minLength: 1, maxLength: 6 }),
  lost: fc.nat(2),
  isAnswered: fc.boolean(),
});

test("the counts of a correct service agree with the tally, for any lost answers", () => {
  fc.assert(
    fc.property(fc.array(anyRequest, { maxLength: 20 }), (requests) => {
      const tally = new Tally(DISTINCT);
      const stored = new Set<number>();
      const store = (events: number[]) => {
        const before = stored.size;
        for (const event of events) stored.add(event);
        return stored.size - before;
      };
      for (const { events, lost, isAnswered } of requests) {
        for (let attempt = 0; attempt < lost; attempt++) store(events);
        if (!isAnswered) {
          tally.record(events, {
            result: lost > 0 ? "unknown" : "refused",
            attempts: lost + 1,
            doubtfulAttempts: lost,
          });
          continue;
        }
        const accepted = store(events);
        const duplicates = events.length - accepted;
        const counts = { received: events.length, accepted, duplicates, conflicts: 0, deadLettered: 0, pending: 0 };
        tally.record(events, { result: "answered", attempts: lost + 1, doubtfulAttempts: lost, counts });
      }
      const [accepted, duplicates] = compareAnswers(tally, false);
      expect([accepted, duplicates].every((comparison) => comparison !== undefined && agrees(comparison))).toBe(true);
    }),
  );
});

test("without lost answers the comparison detects one event too many or too few", () => {
  for (const accepted of [1, 3]) {
    const tally = new Tally(DISTINCT);
    const counts = { received: 3, accepted, duplicates: 3 - accepted, conflicts: 0, deadLettered: 0, pending: 0 };
    tally.record([0, 1, 0], { result: "answered", attempts: 1, doubtfulAttempts: 0, counts });

    expect(
      compareAnswers(tally, false)
        .filter((comparison) => !agrees(comparison))
        .map(({ name }) => name),
    ).toEqual(["accepted", "duplicates"]);
  }
});

test("a number set counts like a set", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99)), fc.array(fc.nat(99)), (mine, theirs) => {
      const [left, right] = [new NumberSet(100), new NumberSet(100)];
      for (const number of mine) left.add(number);
      for (const number of theirs) right.add(number);
      expect(left.count()).toBe(new Set(mine).size);
      expect(left.countWithout(right)).toBe(new Set(mine.filter((number) => !theirs.includes(number))).size);
    }),
  );
});
