import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { ExpirePayloads, ExpiryStep } from "@tidemark/event-store/erasure";
import type { PruneDuplicates, PruneFrames, PruneHistory, PruneStep } from "@tidemark/event-store/pruning";
import { captureLogger } from "@tidemark/telemetry/fixture/capture-logger";
import { createLogger, type Logger } from "@tidemark/telemetry/logger";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { expect, onTestFinished, test } from "vitest";
import { startHousekeeping } from "./housekeeping.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse("2030-01-01T00:00:00Z");

const EMPTY: LogSnapshot = {
  ...{ generation: "i", events: 0, frames: 0, lastSequence: 7, held: [], removed: 7 },
  ...{ bytes: 0, maxBytes: 1_000_000 },
};
const AT_END: PruneStep = { forgotten: 0, isAtEnd: true };
const DOWN = new Unavailable({ code: "store_unreachable", detail: "down" });

/** Starts housekeeping on a clock of the test: each pause is recorded, and ends when the test says so. */
function startOnTestClock({
  contents = [EMPTY],
  duplicateAnswers = [],
  historyAnswers = [],
  frameAnswers = [],
  expiryAnswers,
  stopWaitMs,
  logger = createLogger({ service: "test", level: "silent" }),
  metrics,
}: {
  /** The snapshot of the log in each round; the last one in all further rounds. */
  contents?: LogSnapshot[];
  duplicateAnswers?: (PruneStep | Error | Promise<PruneStep>)[];
  historyAnswers?: number[];
  frameAnswers?: number[];
  /** With these, payloads are kept for 30 days, and nothing is pruned: the pauses are those of the expiry. */
  expiryAnswers?: { step: ExpiryStep; tookMs: number }[];
  stopWaitMs?: number;
  logger?: Logger;
  metrics?: Metrics;
} = {}) {
  let nowMs = START;
  const pauses: number[] = [];
  const duplicateSteps: PruneDuplicates[] = [];
  const historySteps: PruneHistory[] = [];
  const frameSteps: PruneFrames[] = [];
  const expirySteps: ExpirePayloads[] = [];
  let endPause = () => {};
  let onPause = () => {};

  const housekeeping = startHousekeeping({
    store: {
      expirePayloads: async (options) => {
        expirySteps.push(options);
        const { step, tookMs } = expiryAnswers?.shift() ?? { step: { expired: 0, isAtEnd: true }, tookMs: 0 };
        nowMs += tookMs;
        return step;
      },
      pruneDuplicates: async (step) => {
        if (expiryAnswers !== undefined) return new Promise<never>(() => {});
        duplicateSteps.push(step);
        const answer = duplicateAnswers.shift() ?? AT_END;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      pruneHistory: async (step) => {
        historySteps.push(step);
        return historyAnswers.shift() ?? 0;
      },
      pruneFrames: async (step) => {
        frameSteps.push(step);
        return frameAnswers.shift() ?? 0;
      },
    },
    readLogSnapshot: async () => (contents.length > 1 ? contents.shift() : contents[0]) ?? EMPTY,
    duplicateLogDays: 7,
    historyDays: 30,
    retentionDays: expiryAnswers === undefined ? 0 : 30,
    logger,
    ...(metrics && { metrics }),
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
  /** Resolves with the length of the next pause. */
  const nextPause = async () => {
    if (pauses.length === seen) await new Promise<void>((resolve) => (onPause = resolve));
    return pauses[seen++];
  };
  return {
    ...housekeeping,
    duplicateSteps,
    historySteps,
    expirySteps,
    frameSteps,
    nextPause,
    pass: (ms = 0) => {
      nowMs += ms;
      endPause();
    },
  };
}

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

test("keeps ledger rows for a day, and those of frames that the log may hold", async () => {
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

test("prunes no ledger rows while the log cannot tell which frames it holds", async () => {
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

test("prunes no ledger rows right after the stream was deleted and made again", async () => {
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

test("stops without a step that does not end", async () => {
  const step = Promise.withResolvers<PruneStep>();
  const { duplicateSteps, stop } = startOnTestClock({ duplicateAnswers: [step.promise], stopWaitMs: 1 });
  await expect.poll(() => duplicateSteps).toHaveLength(1);

  await stop();
  step.resolve(AT_END);
});

test("removes payloads older than the configured days in steps, and leaves the store nineteen twentieths of the time", async () => {
  const { expirySteps, nextPause, pass } = startOnTestClock({
    expiryAnswers: [
      { step: { expired: 0, isAtEnd: true }, tookMs: 10 }, // nothing is more than a day late
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
  expect(expirySteps[1]).toEqual({ processedBeforeMs: START - 30 * DAY, limit: 2_000 });
  expect(expirySteps).toHaveLength(6);
});

test("says so while payloads are more than a day past their retention, once in the log", async () => {
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

test("pauses for an hour at most, also after a step in which the machine was suspended", async () => {
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
