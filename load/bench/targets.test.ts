import { expect, test } from "vitest";
import { RECORDED, Recorder } from "./recorder.ts";
import { listTargets } from "./targets.ts";

const LOAD = { eventsPerRequest: 100, connections: 32 };

function recordSome(): Recorder {
  const recorder = new Recorder();
  recorder.add(RECORDED.postgres, { slow: 50_000, fast: 80_000 });
  recorder.add(RECORDED.postgres, { slow: 70_000, fast: 120_000 });
  recorder.add(RECORDED.load("stack", LOAD), {
    requestsPerSecond: 500,
    committedPerSecond: 50_000,
    "cpu gateway": 2,
    "cpu postgres": 9.5,
    "memory gateway": 150e6,
  });
  recorder.add(RECORDED.allNew("single"), { committedPerSecond: 1_000 });
  recorder.add(RECORDED.allDuplicates("single"), { committedPerSecond: 900 });
  return recorder;
}

const measured = (name: string) => listTargets(recordSome()).find((target) => target.name === name)?.measured;

test("a target is a ratio to the fastest raw inserts, by the medians of all rounds", () => {
  expect(measured("stack, 100 a request, 32 connections ÷ raw PostgreSQL")).toBeCloseTo(0.5);
});

test("processor time per event is the sum over all processes", () => {
  expect(measured("stack, CPU an event at 100 a request, µs")).toBeCloseTo(11.5);
});

test("a target compares duplicates with new events", () => {
  expect(measured("single, all duplicates ÷ all new")).toBeCloseTo(0.9);
});

test("a target that was not measured has no figure", () => {
  expect(measured("stack, single events, 32 connections ÷ bare Fastify")).toBeUndefined();
});
