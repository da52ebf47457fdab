import { expect, test } from "vitest";
import { InvalidArguments, readOptions } from "./options.ts";

const DEFAULT_URL = "http://localhost:8080/publish";

test("without arguments there are defaults and a run id of its own", () => {
  const options = readOptions([], DEFAULT_URL);

  expect(options).toMatchObject({ concurrency: 8, expectRepeat: false, checkStats: false });
  expect(options?.plan).toMatchObject({ events: 5_000, duplicateRate: 0.25, batchSize: 100, topics: 5, seed: 1 });
  expect(options?.url.href).toBe(DEFAULT_URL);
  expect(readOptions([], DEFAULT_URL)?.plan.runId).not.toBe(options?.plan.runId);
});

test("--url overrides where to publish", () => {
  expect(readOptions(["--url", "https://example.org/publish"], DEFAULT_URL)?.url.host).toBe("example.org");
});

test("a chosen run id makes the run repeatable, its timestamps included", () => {
  const read = () => readOptions(["--run-id", "r1"], DEFAULT_URL)?.plan;

  expect(read()).toEqual(read());
});

test.each(["--help", "-h"])("%s asks for help, whatever else is there", (help) => {
  expect(readOptions(["--events", "none", help], DEFAULT_URL)).toBeUndefined();
});

test.each([
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
])("refuses %s %s", (...args) => {
  expect(() => readOptions(args, DEFAULT_URL)).toThrow(InvalidArguments);
});

test("names all faults at once", () => {
  expect(() => readOptions(["--events", "x", "--topics", "0"], DEFAULT_URL)).toThrow(/--events.*\n--topics/);
});
