import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { PruneDuplicates, PruneFrames, PruneStep } from "@tidemark/event-store/pruning";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test } from "vitest";
import { startHousekeeping } from "./housekeeping.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse("2030-01-01T00:00:00Z");

const EMPTY: LogSnapshot = { generation: "i", events: 0, frames: 0, lastSequence: 7, held: [], removed: 7 };
const AT_END: PruneStep = { forgotten: 0, isAtEnd: true };
const DOWN = new Unavailable({ code: "store_unreachable", detail: "down" });

/** Housekeeping whose time passes only where the test lets it: each pause is recorded and ends when it is told to. */
function keepHouse({
  contents = EMPTY,
  copyAnswers = [],
  frameAnswers = [],
  stopWaitMs,
}: {
  contents?: LogSnapshot;
  copyAnswers?: (PruneStep | Error | Promise<PruneStep>)[];
  frameAnswers?: number[];
  stopWaitMs?: number;
} = {}) {
  let nowMs = START;
  const pauses: number[] = [];
  const copySteps: PruneDuplicates[] = [];
  const frameSteps: PruneFrames[] = [];
  let endPause = () => {};
  let onPause = () => {};

  const housekeeping = startHousekeeping({
    store: {
      pruneDuplicates: async (step) => {
        copySteps.push(step);
        const answer = copyAnswers.shift() ?? AT_END;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      pruneFrames: async (step) => {
        frameSteps.push(step);
        return frameAnswers.shift() ?? 0;
      },
    },
    readLogSnapshot: async () => contents,
    duplicateLogDays: 7,
    logger: createLogger({ service: "test", level: "silent" }),
    ...(stopWaitMs !== undefined && { stopWaitMs }),
    clock: {
      nowMs: () => nowMs,
      pause: (ms, signal) =>
        new Promise((resolve) => {
          const end = () => {
            nowMs += ms;
            resolve();
          };
          if (signal.aborted) return resolve();
          signal.addEventListener("abort", () => resolve(), { once: true });
          pauses.push(ms);
          endPause = end;
          onPause();
        }),
    },
  });
  onTestFinished(() => housekeeping.stop().catch(() => undefined));

  let seen = 0;
  /** Resolves in the next pause that has begun since. */
  const nextPause = async () => {
    if (pauses.length === seen) await new Promise<void>((resolve) => (onPause = resolve));
    return pauses[seen++];
  };
  return {
    ...housekeeping,
    copySteps,
    frameSteps,
    nextPause,
    pass: (ms = 0) => {
      nowMs += ms;
      endPause();
    },
  };
}

test("asks for what is older than the days it was told, once a minute", async () => {
  const { copySteps, nextPause, pass } = keepHouse();

  expect(await nextPause()).toBe(MINUTE);
  pass();
  expect(await nextPause()).toBe(MINUTE);

  const cutoffs = copySteps.map(({ receivedBeforeMs, after }) => ({ receivedBeforeMs, after }));
  expect(cutoffs).toEqual([{ receivedBeforeMs: START - 7 * DAY }, { receivedBeforeMs: START + MINUTE - 7 * DAY }]);
});

test("goes on step by step, with pauses, to the end, and from there in the next round", async () => {
  const copyAnswers = [
    { forgotten: 2_000, position: "a", isAtEnd: false },
    { forgotten: 0, position: "b", isAtEnd: false },
    { forgotten: 3, position: "c", isAtEnd: true },
  ];
  const { copySteps, nextPause, pass } = keepHouse({ copyAnswers });

  const pauses = [];
  for (let count = 0; count < 4; count++) {
    pauses.push(await nextPause());
    pass();
  }

  expect(pauses).toEqual([50, 50, MINUTE, MINUTE]);
  expect(copySteps.slice(0, 4).map(({ after }) => after)).toEqual([undefined, "a", "b", "c"]);
});

test("begins anew with the oldest once a day", async () => {
  const copyAnswers = [{ forgotten: 1, position: "a", isAtEnd: true }];
  const { copySteps, nextPause, pass } = keepHouse({ copyAnswers });

  await nextPause();
  pass(DAY / 2);
  await nextPause();
  pass(DAY / 2);
  await nextPause();

  expect(copySteps.map(({ after }) => after)).toEqual([undefined, "a", undefined]);
});

test("keeps the ledger for a day, and for what the log holds", async () => {
  const oldestAtMs = START - 3 * DAY;
  const held = [
    { first: 5, last: 6 },
    { first: 9, last: 9 },
  ];
  const { frameSteps, nextPause } = keepHouse({ contents: { ...EMPTY, held, lastSequence: 9, oldestAtMs } });

  await nextPause();

  expect(frameSteps).toEqual([
    { processedBeforeMs: oldestAtMs - DAY, log: { generation: "i", firstHeldSequence: 5 }, limit: 2_000 },
  ]);
});

test("keeps the ledger for a day where the log is empty", async () => {
  const { frameSteps, nextPause, pass } = keepHouse({ frameAnswers: [2_000, 5] });

  for (let count = 0; count < 3; count++) {
    await nextPause();
    pass();
  }

  expect(frameSteps.slice(0, 3).map(({ processedBeforeMs }) => processedBeforeMs)).toEqual(Array(3).fill(START - DAY));
  expect(frameSteps[0]?.log).toEqual({ generation: "i", firstHeldSequence: 8 });
});

test("leaves the ledger alone while nobody can say what the log holds", async () => {
  const { held: _, ...contents } = EMPTY;
  const { frameSteps, nextPause } = keepHouse({ contents });

  await nextPause();

  expect(frameSteps).toEqual([]);
});

test("a store that is away is asked again a minute later", async () => {
  const { copySteps, nextPause, pass } = keepHouse({ copyAnswers: [DOWN, DOWN] });

  for (let round = 0; round < 3; round++) {
    expect(await nextPause()).toBe(MINUTE);
    pass();
  }

  expect(copySteps.length).toBeGreaterThan(2);
});

test("a bug of ours is not waited for", async () => {
  const { done } = keepHouse({ copyAnswers: [new Error("a bug")] });

  await expect(done).rejects.toThrow("a bug");
});

test("stops between two steps", async () => {
  const { copySteps, nextPause, stop } = keepHouse({
    copyAnswers: [{ forgotten: 2_000, position: "a", isAtEnd: false }],
  });
  await nextPause();

  await stop();

  expect(copySteps).toHaveLength(1);
});

test("leaves a step alone that does not end, when it has to stop", async () => {
  const step = Promise.withResolvers<PruneStep>();
  const { copySteps, stop } = keepHouse({ copyAnswers: [step.promise], stopWaitMs: 1 });
  await expect.poll(() => copySteps).toHaveLength(1);

  await stop();
  step.resolve(AT_END);
});
