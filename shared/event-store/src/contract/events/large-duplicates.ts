import { describe, expect, test } from "vitest";
import type { EventStore } from "../../event-store.ts";
import { verdictsOf } from "../applying.ts";
import { eventText, uniqueName } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

const listOf = (values: (number | string)[]) => `{"list":[${values.join(",")}]}`;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const repeated = (count: number, value: string) => Array.from({ length: count }, () => value);
const swapped = (values: number[], one: number, other: number) =>
  values.map((value, index) => values[index === one ? other : index === other ? one : index] ?? value);
const members = (keys: number[]) => `{${keys.map((key) => `"key-${key}":{"n":${key}}`).join(",")}}`;

const SAME: [name: string, first: string, second: string][] = [
  ["the order of many keys", members(numbers(8_000)), members(numbers(8_000).toReversed())],
  ["another spelling of many numbers", listOf(repeated(30_000, "1")), listOf(repeated(30_000, "1.0"))],
  ["a long text that is mostly white space", `{"a":1${" ".repeat(200_000)}}`, '{"a":1}'],
  ["one key repeated many times", `{${'"a":0,'.repeat(30_000)}"a":1}`, '{"a":1}'],
  ["a long string of escapes", `{"a":"${"\\u0061".repeat(20_000)}"}`, `{"a":"${"a".repeat(20_000)}"}`],
  ["many fractional digits", `{"a":1.${"0".repeat(10_000)}}`, '{"a":1}'],
];

const DIFFERENT: [name: string, first: string, second: string][] = [
  ["each element of a list", listOf(repeated(2_048, "0")), listOf(repeated(2_048, "1"))],
  ["the order of two elements", listOf(numbers(20_000)), listOf(swapped(numbers(20_000), 3, 35))],
  ["the last of many elements", listOf(numbers(20_000)), listOf([...numbers(19_999), 0])],
  ["the length of a list", listOf(numbers(20_000)), listOf(numbers(5))],
  ["the value of a long text", `{"a":1${" ".repeat(200_000)}}`, '{"a":2}'],
  ["the key of a long string", `{"a":"${"a".repeat(100_000)}"}`, `{"b":"${"a".repeat(100_000)}"}`],
];

/** The duplicates differ in their text from the stored event, and every other one in its value. */
const duplicatesOf = (id: string, count: number) =>
  numbers(count).map((index) =>
    eventText({
      topic: "t",
      id,
      payload: index % 2 === 0 ? `{ "a":1, "b":${" ".repeat(index % 7)}2}` : `{"a":${index}}`,
    }),
  );

/** Returns the verdicts of 1,000 duplicates of an event with this payload, and the milliseconds that they took. */
async function applyDuplicates(store: EventStore, payload: string, frameCount: number) {
  const id = uniqueName("event");
  await verdictsOf(store, [eventText({ topic: "t", id, payload })]);
  const duplicates = duplicatesOf(id, 1_000);
  const size = duplicates.length / frameCount;
  const frames = numbers(frameCount).map((index) => duplicates.slice(index * size, (index + 1) * size));
  const start = performance.now();
  const verdicts = await verdictsOf(store, ...frames);
  return { verdicts: verdicts.join(""), ms: performance.now() - start };
}

const SMALL = '{"a":1,"b":2}';
const LARGE: [name: string, payload: string, frameCount: number, verdicts: string][] = [
  ["2 MB of content", `{"a":1,"b":2,"list":[${numbers(290_000).join(",")}]}`, 1, "c".repeat(1_000)],
  ["2 MB of one string", `{"a":1,"b":2,"text":"${"x".repeat(2_000_000)}"}`, 1, "c".repeat(1_000)],
  ["1 MB of white space", `{"a":1,"b":2${" ".repeat(1_000_000)}}`, 10, "dc".repeat(500)],
];

/** Duplicates of events whose payload or attributes are large. */
export function describeLargeDuplicates(open: OpenForTest): void {
  describe("a duplicate of a large event", () => {
    test.each(["payload", "attributes"])(
      "a duplicate with other %s is compared by value, however large",
      async (field) => {
        const { store } = await open();
        for (const [isConflict, cases] of [["d", SAME] as const, ["c", DIFFERENT] as const]) {
          for (const [name, first, second] of cases) {
            for (const [way, one, other] of [["there", first, second] as const, ["back", second, first] as const]) {
              const [left, right] = [one, other].map((text) =>
                eventText({ topic: "t", id: `${name}, ${way}`, [field]: text }),
              ) as [string, string];
              expect([name, way, ...(await verdictsOf(store, [left, right]))]).toEqual([name, way, `s${isConflict}`]);
              expect([name, way, ...(await verdictsOf(store, [right, left]))]).toEqual([name, way, `${isConflict}d`]);
            }
          }
        }
      },
    );

    test.each(LARGE)(
      "a thousand duplicates of an event of %s cost as much as those of a small event",
      async (_name, payload, frameCount, verdicts) => {
        const { store } = await open();
        const [small, large]: [number[], number[]] = [[], []];
        for (let round = 0; round < 3; round++) {
          small.push((await applyDuplicates(store, SMALL, frameCount)).ms);
          const applied = await applyDuplicates(store, payload, frameCount);
          expect(applied.verdicts).toBe(verdicts);
          large.push(applied.ms);
        }

        // The fastest of three attempts counts, because the machine may be busy. A comparison that reads the stored
        // event is hundreds of times slower.
        expect(Math.min(...large) / Math.min(...small)).toBeLessThan(20);
      },
    );
  });
}
