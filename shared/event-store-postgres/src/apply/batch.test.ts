import { randomUUID } from "node:crypto";
import { InvalidInput } from "@tidemark/domain/errors";
import type { AppliedDelivery } from "@tidemark/event-store/event-store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinFrames, openArray } from "./batch.ts";

function delivery(text: string, requests: number[], id: string = randomUUID()): AppliedDelivery {
  const frame = { id, requests, receivedAtMs: 0, events: Buffer.from(text) };
  return { frame, origin: { generation: "log", sequence: 1 } };
}

const counted = (text: string) => openArray(Buffer.from(text)).count;

test("openArray counts the items of any JSON array", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, "\t"), (items, space) => {
      expect(counted(` ${JSON.stringify(items, null, space)}\n`)).toBe(items.length);
    }),
  );
});

test.each(["", "{}", "[", "]", "][", "[[]", "[]]", "[}{]", '["]', '["a\\"]', "[] x", "x []", '[{"a":"b}]'])(
  "openArray finds no closed array in %j",
  (text) => {
    expect(counted(text)).toBe(-1);
  },
);

test("joinFrames joins the events of frames and returns where each frame begins", () => {
  const deliveries = [delivery('[{"a":1},{"b":2}]', [1, 1]), delivery(" [ ] ", []), delivery('[ {"c":3} ]', [1])];

  const batch = joinFrames(deliveries);

  expect(JSON.parse(batch.events.toString())).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  expect(batch.firstOrdinals).toEqual([1, 3, 3, 4]);
  expect(batch.distinct).toEqual(deliveries);
});

test("joinFrames omits a frame that cannot be read", () => {
  const [first, damaged, last] = [delivery("[1,2]", [2]), delivery("[", [3]), delivery("[3]", [1])];

  const batch = joinFrames([first, damaged, last], new Set([damaged.frame.id]));

  expect(batch).toMatchObject({ distinct: [first, damaged, last], firstOrdinals: [1, 3, 3, 4] });
  expect(batch.events.toString()).toBe("[1,2,3]");
});

test("joinFrames sends a frame only once when it was delivered twice", () => {
  const first = delivery('[{"a":1}]', [1]);
  const again = { ...first, origin: { generation: "log", sequence: 2 } };

  expect(joinFrames([first, again])).toMatchObject({ distinct: [first], repeats: [again], firstOrdinals: [1, 2] });
});

test("joinFrames refuses a frame that holds another number of events than it declares, and names it", () => {
  const good = delivery('[{"a":1}]', [1]);
  for (const bad of [delivery("[{},{}]", [1]), delivery("[{}]", [1, 1]), delivery("[{}", [1])]) {
    expect(() => joinFrames([good, bad])).toThrow(InvalidInput);
    expect(() => joinFrames([good, bad])).toThrow(bad.frame.id);
  }
});
