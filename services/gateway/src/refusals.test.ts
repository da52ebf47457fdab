import { expect, test } from "vitest";
import { Refusals } from "./refusals.ts";

const MINUTE_MS = 60_000;

function create() {
  let nowMs = 10 * MINUTE_MS;
  const refusals = new Refusals(() => nowMs);
  const note = (code: string, status: number, afterMs = 0) => {
    nowMs += afterMs;
    refusals.note({ code, status });
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { refusals, note, pass };
}

test("refusals are counted by their code, with the first and the latest time", () => {
  const { refusals, note } = create();
  note("invalid_event", 422);
  note("log_unreachable", 503, 5);
  note("invalid_event", 422, 2 * MINUTE_MS);

  expect(refusals.list()).toEqual([
    { code: "invalid_event", status: 422, requests: 2, firstAtMs: 600_000, lastAtMs: 720_005 },
    { code: "log_unreachable", status: 503, requests: 1, firstAtMs: 600_005, lastAtMs: 600_005 },
  ]);
});

test("refusals are forgotten minute by minute, and a code is when its last one is an hour old", () => {
  const { refusals, note, pass } = create();
  note("invalid_event", 422);
  note("invalid_event", 422, 30 * MINUTE_MS);
  pass(31 * MINUTE_MS);
  expect(refusals.list()).toMatchObject([{ requests: 1, firstAtMs: 40 * MINUTE_MS }]);

  pass(30 * MINUTE_MS);
  expect(refusals.list()).toEqual([]);
});
