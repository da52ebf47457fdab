import fc from "fast-check";
import { expect, test } from "vitest";
import { countDistinct, countDuplicates, type Plan, planRequests, writeBody, writeEvent } from "./plan.ts";

const plan: Plan = {
  events: 5_000,
  duplicateRate: 0.25,
  batchSize: 100,
  topics: 5,
  seed: 1,
  runId: "run",
  startMs: Date.UTC(2025, 0, 1),
};

const anyPlan = fc.record({
  events: fc.integer({ min: 1, max: 2_000 }),
  duplicateRate: fc.double({ min: 0, max: 0.999, noNaN: true }),
  batchSize: fc.integer({ min: 1, max: 150 }),
  topics: fc.integer({ min: 1, max: 8 }),
  seed: fc.integer({ min: 0, max: 4_294_967_295 }),
  runId: fc.constant("run"),
  startMs: fc.constant(0),
});

test("a plan of 5,000 events with a quarter of duplicates has exactly 1,250 duplicates", () => {
  const numbers = [...planRequests(plan)].flat();

  expect(numbers).toHaveLength(5_000);
  expect(new Set(numbers).size).toBe(3_750);
  expect(countDuplicates(plan)).toBe(1_250);
});

test("any plan has the given number of events and of distinct events, numbered in the order of their first request", () => {
  fc.assert(
    fc.property(anyPlan, (some) => {
      const requests = [...planRequests(some)];
      const numbers = requests.flat();
      expect(numbers).toHaveLength(some.events);
      expect([...new Set(numbers)]).toEqual(Array.from({ length: countDistinct(some) }, (_, number) => number));
      for (const request of requests) expect(request.length).toBeLessThanOrEqual(some.batchSize);
    }),
    { numRuns: 200 },
  );
});

test("equal plans have equal bodies, and another seed or run has other events", () => {
  const bodies = (some: Plan) => [...planRequests(some)].map((request) => writeBody(some, request));

  expect(bodies({ ...plan })).toEqual(bodies(plan));
  expect(bodies({ ...plan, seed: 2 })).not.toEqual(bodies(plan));
  expect(writeEvent({ ...plan, runId: "other" }, 7)).not.toBe(writeEvent(plan, 7));
});

test("a plan begins with three requests of the same single event", () => {
  expect([...planRequests(plan)].slice(0, 3)).toEqual([[0], [0], [0]]);
});

test("a plan has duplicates within a request, of recent events and of events long ago", () => {
  const highestBefore = { value: -1 };
  const kinds = { inside: 0, recent: 0, longAgo: 0 };
  for (const request of planRequests(plan)) {
    kinds.inside += request.length - new Set(request).size;
    for (const number of request) {
      if (number > highestBefore.value - 2_000 && number <= highestBefore.value) kinds.recent++;
      else if (number <= highestBefore.value) kinds.longAgo++;
    }
    highestBefore.value = Math.max(highestBefore.value, ...request);
  }

  expect(Math.min(kinds.inside, kinds.recent, kinds.longAgo)).toBeGreaterThan(50);
});

test("a plan uses every topic, and the same event always has the same topic", () => {
  const topics = Array.from({ length: 1_000 }, (_, number) => JSON.parse(writeEvent(plan, number)).topic);

  expect(new Set(topics).size).toBe(5);
  expect(JSON.parse(writeEvent(plan, 3)).topic).toBe(topics[3]);
});
