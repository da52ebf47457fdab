import { expect, test } from "vitest";
import { EVENT_BYTES, EventNumbers, eventOffset, makeBody, writeEvent } from "./sample-events.ts";

test("sample events are JSON with any number, alone and in a batch", () => {
  const one = makeBody("run-01", 1);
  writeEvent(one, eventOffset(0, 1), 987_654_321_098);
  expect(JSON.parse(one.toString())).toMatchObject({
    topic: "load.topic-3",
    event_id: expect.stringMatching(/^[0-9a-f]{8}-run-01-987654321098$/),
    source: "service-8",
    payload: { user_id: "987654321098", amount: 1.987654321098 },
  });

  const many = makeBody("run-01", 3);
  for (const index of [0, 1, 2]) writeEvent(many, eventOffset(index, 3), index);
  const ids = (JSON.parse(many.toString()) as { event_id: string }[]).map(({ event_id }) => event_id.slice(-2));
  expect(ids).toEqual(["00", "01", "02"]);
  expect(many.length).toBe(3 * EVENT_BYTES + 4);
});

test("sample events are equal if their numbers are", () => {
  const texts = [7, 8, 7].map((number) => {
    const body = makeBody("run-01", 1);
    writeEvent(body, 0, number);
    return body.toString();
  });
  expect(texts[0]).toBe(texts[2]);
  expect(texts[0]).not.toBe(texts[1]);
});

test("the numbers of a run repeat earlier ones at the given rate", () => {
  const numbers = new EventNumbers({ duplicateRate: 0.25 });
  const drawn = Array.from({ length: 10_000 }, () => numbers.next());
  expect(new Set(drawn).size).toBe(numbers.made);
  expect(numbers.made / drawn.length).toBeCloseTo(0.75, 1);
});

test("the numbers of a run can be all new, or all duplicates", () => {
  const fresh = new EventNumbers({ duplicateRate: 0 });
  expect([fresh.next(), fresh.next(), fresh.next()]).toEqual([0, 1, 2]);
  const duplicates = new EventNumbers({ duplicateRate: 1, made: 3 });
  const drawn = Array.from({ length: 100 }, () => duplicates.next());
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2]));
});
