import type { PruneStep } from "@tidemark/event-store/pruning";
import { expect, test } from "vitest";
import { AT_END, DAY, DOWN, EMPTY, MINUTE, START, startOnTestClock } from "./housekeeping-fixture.ts";

test("prunes duplicates older than the configured days, once a minute", async () => {
  const { duplicateSteps, nextPause, pass } = startOnTestClock();

  expect(await nextPause()).toBe(MINUTE);
  pass();
  expect(await nextPause()).toBe(MINUTE);

  const cutoffs = duplicateSteps.map(({ receivedBeforeMs, after }) => ({ receivedBeforeMs, after }));
  expect(cutoffs).toEqual([{ receivedBeforeMs: START - 7 * DAY }, { receivedBeforeMs: START + MINUTE - 7 * DAY }]);
});

test("prunes in steps with pauses, and the next round continues at the cursor", async () => {
  const duplicateAnswers = [
    { forgotten: 2_000, position: "a", isAtEnd: false },
    { forgotten: 0, position: "b", isAtEnd: false },
    { forgotten: 3, position: "c", isAtEnd: true },
  ];
  const { duplicateSteps, nextPause, pass } = startOnTestClock({ duplicateAnswers });

  const pauses = [];
  for (let count = 0; count < 4; count++) {
    pauses.push(await nextPause());
    pass();
  }

  expect(pauses).toEqual([50, 50, MINUTE, MINUTE]);
  expect(duplicateSteps.slice(0, 4).map(({ after }) => after)).toEqual([undefined, "a", "b", "c"]);
});

test("starts again at the oldest duplicate once a day", async () => {
  const duplicateAnswers = [{ forgotten: 1, position: "a", isAtEnd: true }];
  const { duplicateSteps, nextPause, pass } = startOnTestClock({ duplicateAnswers });

  await nextPause();
  pass(DAY / 2);
  await nextPause();
  pass(DAY / 2);
  await nextPause();

  expect(duplicateSteps.map(({ after }) => after)).toEqual([undefined, "a", undefined]);
});

test("prunes minutes of the history older than the configured days, in steps", async () => {
  const { historySteps, nextPause, pass } = startOnTestClock({ historyAnswers: [2_000, 1_999] });

  const pauses = [await nextPause()];
  pass();
  pauses.push(await nextPause());

  expect(pauses).toEqual([50, MINUTE]);
  expect(historySteps).toEqual(Array(2).fill({ beforeMs: START - 30 * DAY, limit: 2_000 }));
});

test("keeps ledger rows for a day, and rows of frames that the log may hold", async () => {
  const oldestAtMs = START - 3 * DAY;
  const held = [
    { first: 5, last: 6 },
    { first: 9, last: 9 },
  ];
  const { frameSteps, nextPause, pass } = startOnTestClock({
    contents: [{ ...EMPTY, held, lastSequence: 9, oldestAtMs }],
  });

  await nextPause();
  pass();
  await nextPause();

  expect(frameSteps).toEqual([
    { processedBeforeMs: oldestAtMs - DAY, log: { generation: "i", firstHeldSequence: 5 }, limit: 2_000 },
  ]);
});

test("keeps ledger rows for a day while the log is empty", async () => {
  const { frameSteps, nextPause, pass } = startOnTestClock({ frameAnswers: [2_000, 5] });

  for (let count = 0; count < 4; count++) {
    await nextPause();
    pass();
  }

  expect(frameSteps.slice(0, 3).map(({ processedBeforeMs }) => processedBeforeMs)).toEqual(
    Array(3).fill(START + MINUTE - DAY),
  );
  expect(frameSteps[0]?.log).toEqual({ generation: "i", firstHeldSequence: 8 });
});

test("prunes no ledger rows while the log cannot list the frames that it holds", async () => {
  const { held: _, ...contents } = EMPTY;
  const { frameSteps, nextPause, pass } = startOnTestClock({ contents: [contents] });

  await nextPause();
  pass();
  await nextPause();

  expect(frameSteps).toEqual([]);
});

test("keeps the ledger row of a frame that has just left the log, because a read of the books may still look for it", async () => {
  const isHeld = { ...EMPTY, held: [{ first: 7, last: 7 }], removed: 6, oldestAtMs: START };
  const { frameSteps, nextPause, pass } = startOnTestClock({ contents: [isHeld, EMPTY] });

  await nextPause();
  pass();
  await nextPause();

  expect(frameSteps.map(({ log }) => log.firstHeldSequence)).toEqual([7]);
});

test("keeps the ledger row of a frame that came back into the log, because a killed broker had not removed it yet", async () => {
  const isBack = { ...EMPTY, held: [{ first: 7, last: 7 }], removed: 6, oldestAtMs: START };
  const { frameSteps, nextPause, pass } = startOnTestClock({ contents: [EMPTY, isBack] });

  await nextPause();
  pass();
  await nextPause();

  expect(frameSteps.map(({ log }) => log.firstHeldSequence)).toEqual([7]);
});

test("prunes no ledger rows right after the stream was deleted and created again", async () => {
  const { frameSteps, nextPause, pass } = startOnTestClock({ contents: [EMPTY, { ...EMPTY, generation: "j" }] });

  await nextPause();
  pass();
  await nextPause();

  expect(frameSteps).toEqual([]);
});

test("tries an unreachable store again a minute later", async () => {
  const { duplicateSteps, nextPause, pass } = startOnTestClock({ duplicateAnswers: [DOWN, DOWN] });

  for (let round = 0; round < 3; round++) {
    expect(await nextPause()).toBe(MINUTE);
    pass();
  }

  expect(duplicateSteps.length).toBeGreaterThan(2);
});

test("ends with an error that is a bug", async () => {
  const { done } = startOnTestClock({ duplicateAnswers: [new Error("a bug")] });

  await expect(done).rejects.toThrow("a bug");
});

test("stops between two steps of pruning", async () => {
  const { duplicateSteps, nextPause, stop } = startOnTestClock({
    duplicateAnswers: [{ forgotten: 2_000, position: "a", isAtEnd: false }],
  });
  await nextPause();

  await stop();

  expect(duplicateSteps).toHaveLength(1);
});

test("stops without waiting for a step that does not end", async () => {
  const step = Promise.withResolvers<PruneStep>();
  const { duplicateSteps, stop } = startOnTestClock({ duplicateAnswers: [step.promise], stopWaitMs: 1 });
  await expect.poll(() => duplicateSteps).toHaveLength(1);

  await stop();
  step.resolve(AT_END);
});
