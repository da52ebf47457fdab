import { InvalidArguments, readCommandLine } from "@tidemark/runtime/command-line";
import { expect, test } from "vitest";
import { createPlan, PUBLISHER_COMMAND } from "./options.ts";

function read(...args: string[]) {
  const options = readCommandLine(PUBLISHER_COMMAND, args);
  if (options === undefined) throw new Error("the arguments ask for help");
  return options;
}

test("without arguments the publisher has defaults and a new run id", () => {
  const options = read();

  expect(options).toMatchObject({ concurrency: 8, expectRepeat: false, checkStats: false, timeout: 30_000 });
  expect(createPlan(options)).toMatchObject({ events: 5_000, duplicateRate: 0.25, batchSize: 100, topics: 5, seed: 1 });
  expect(createPlan(options).runId).not.toBe(createPlan(options).runId);
});

test("a chosen run id makes the run repeatable, its timestamps included", () => {
  const options = read("--run-id", "r1");

  expect(createPlan(options)).toEqual(createPlan(options));
});

test("a rate and a duration make the number of events, in small requests", () => {
  expect(createPlan(read("--rate", "50", "--duration", "60"))).toMatchObject({ events: 3_000, batchSize: 10 });
  expect(createPlan(read("--rate", "0.5", "--events", "7"))).toMatchObject({ events: 7, batchSize: 1 });
});

test.each([
  ["--rate", "0"],
  ["--duration", "60"],
  ["--events", "0"],
  ["--events", "1.5"],
  ["--events", ""],
  ["--duplicate-rate", "1"],
  ["--duplicate-rate", "nan"],
  ["--batch-size", "10001"],
  ["--concurrency", "0"],
  ["--url", "ftp://example.org"],
  ["--run-id", "a b"],
  ["--expect-repeat"],
  ["--unknown"],
  ["stray"],
])("the publisher refuses %s %s", (...args) => {
  expect(() => read(...args)).toThrow(InvalidArguments);
});
