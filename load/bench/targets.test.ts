import { describe, expect, it } from "vitest";
import { RECORDED, Recorder } from "./recorder.ts";
import { formatReport } from "./report.ts";
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
  recorder.add(RECORDED.allCopies("single"), { committedPerSecond: 900 });
  return recorder;
}

const measured = (name: string) => listTargets(recordSome()).find((target) => target.name === name)?.measured;

describe("targets", () => {
  it("are ratios to the fastest way of the raw store, medians of all rounds", () => {
    expect(measured("stack, 100 a request, 32 connections ÷ raw PostgreSQL")).toBeCloseTo(0.5);
  });

  it("sum the processor time of all processes", () => {
    expect(measured("stack, CPU an event at 100 a request, µs")).toBeCloseTo(11.5);
  });

  it("compare copies with new events", () => {
    expect(measured("single, all copies ÷ all new")).toBeCloseTo(0.9);
  });

  it("that were not measured say so", () => {
    expect(measured("stack, single events, 32 connections ÷ bare Fastify")).toBeUndefined();
  });
});

describe("the report", () => {
  it("says what was measured, how and on what", () => {
    const report = formatReport({
      date: new Date("2026-01-02T03:04:05Z"),
      command: "npm run bench -- --only stack",
      machine: [["cores", "2"]],
      loads: [LOAD],
      rounds: 2,
      recorder: recordSome(),
    });
    expect(report).toContain("2026-01-02 03:04 UTC, `npm run bench -- --only stack`, medians of 2 rounds.");
    expect(report).toMatch(/\| cores +\| +2 \|/);
    expect(report).toMatch(/\| stack, 100 × 32 \| +500 \| +0 \| +50,000 \| +0.50 \| +– \|/);
    expect(report).toMatch(/\| stack, 100 × 32 \| +11.5 \| +2 \| +9.5 \| +150 \|/);
  });
});
