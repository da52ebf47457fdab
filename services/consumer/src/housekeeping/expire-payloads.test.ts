import { captureLogger } from "@tidemark/telemetry/fixture/capture-logger";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { expect, test } from "vitest";
import { DAY, MINUTE, START, startOnTestClock } from "./housekeeping-fixture.ts";

test("removes payloads older than the configured days in steps, and leaves the store nineteen twentieths of the time", async () => {
  const { expirySteps, nextPause, pass } = startOnTestClock({
    expiryAnswers: [
      { step: { expired: 0, isAtEnd: true }, tookMs: 10 }, // no payload is more than a day late
      { step: { expired: 2_000, isAtEnd: false }, tookMs: 30 },
      { step: { expired: 0, isAtEnd: true }, tookMs: 0 },
      { step: { expired: 0, isAtEnd: false }, tookMs: 1 },
      { step: { expired: 0, isAtEnd: true }, tookMs: 0 },
      { step: { expired: 3, isAtEnd: true }, tookMs: 1 },
    ],
    stopWaitMs: 1,
  });

  const pauses = [await nextPause()];
  for (let count = 0; count < 2; count++) {
    pass();
    pauses.push(await nextPause());
  }

  expect(pauses).toEqual([760, 50, MINUTE]);
  expect(expirySteps[1]).toEqual({ processedBeforeMs: START - 30 * DAY, limit: 2_000, pauses: 19 * 0.9 });
  expect(expirySteps).toHaveLength(6);
});

test("logs once when payloads are more than a day past their retention, and shows it in the metrics", async () => {
  const { logger, lines } = captureLogger();
  const metrics = new Metrics();
  const late = { step: { expired: 2_000, isAtEnd: false }, tookMs: 40 };
  const { expirySteps, nextPause, pass } = startOnTestClock({
    expiryAnswers: [late, late],
    logger,
    metrics,
    stopWaitMs: 1,
  });
  const overdue = async () => /^tidemark_retention_overdue (.*)$/m.exec(await metrics.text())?.[1];

  await nextPause();
  pass();
  await nextPause();
  expect([expirySteps.length, await overdue()]).toEqual([2, "1"]);
  pass();
  await nextPause();

  expect(await overdue()).toBe("0");
  expect(lines.filter(({ level }) => level === "warn")).toEqual([
    expect.objectContaining({ msg: "payloads are more than a day past their retention", retentionDays: 30 }),
  ]);
});

test("rests until the next round while another consumer removes payloads, and still says that they are overdue", async () => {
  const metrics = new Metrics();
  const { expirySteps, nextPause, pass } = startOnTestClock({
    expiryAnswers: [
      { step: { expired: 2_000, isAtEnd: false }, tookMs: 40 },
      { step: { expired: 0, isAtEnd: false, isBusyElsewhere: true }, tookMs: 0 },
      { step: { expired: 0, isAtEnd: false, isBusyElsewhere: true }, tookMs: 0 },
      { step: { expired: 2_000, isAtEnd: false }, tookMs: 40 },
    ],
    metrics,
    stopWaitMs: 1,
  });
  const overdue = async () => /^tidemark_retention_overdue (.*)$/m.exec(await metrics.text())?.[1];

  const seen = [];
  for (let count = 0; count < 4; count++) {
    seen.push([await nextPause(), await overdue(), expirySteps.length]);
    pass();
  }

  expect(seen).toEqual([
    [760, "1", 1],
    [MINUTE, "1", 2],
    [MINUTE, "1", 3],
    [760, "1", 4],
  ]);
});

test("pauses for at most an hour, even after a step in which the machine was suspended", async () => {
  const { nextPause } = startOnTestClock({
    expiryAnswers: [{ step: { expired: 2_000, isAtEnd: false }, tookMs: DAY }],
    stopWaitMs: 1,
  });

  expect(await nextPause()).toBe(60 * MINUTE);
});

test("removes no payload without a retention", async () => {
  const { expirySteps, nextPause, pass } = startOnTestClock();

  await nextPause();
  pass();
  await nextPause();

  expect(expirySteps).toEqual([]);
});
