import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { ExpirePayloads, ExpiryStep } from "@tidemark/event-store/erasure";
import type { PruneDuplicates, PruneFrames, PruneHistory, PruneStep } from "@tidemark/event-store/pruning";
import type { Subscription } from "@tidemark/event-store/subscriptions";
import { createLogger, type Logger } from "@tidemark/telemetry/logger";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { onTestFinished } from "vitest";
import { startHousekeeping } from "./housekeeping.ts";

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
export const START = Date.parse("2030-01-01T00:00:00Z");

export const EMPTY: LogSnapshot = {
  ...{ generation: "i", events: 0, frames: 0, lastSequence: 7, held: [], removed: 7 },
  ...{ bytes: 0, maxBytes: 1_000_000 },
};
export const AT_END: PruneStep = { forgotten: 0, isAtEnd: true };
export const DOWN = new Unavailable({ code: "store_unreachable", detail: "down" });

/** Starts housekeeping on a clock of the test: each pause is recorded, and ends when the test says so. */
export function startOnTestClock({
  contents = [EMPTY],
  duplicateAnswers = [],
  historyAnswers = [],
  frameAnswers = [],
  expiryAnswers,
  subscriptions = [],
  stopWaitMs,
  logger = createLogger({ service: "test", level: "silent" }),
  metrics,
}: {
  /** The snapshot of the log in each round. The last one repeats. */
  contents?: LogSnapshot[];
  duplicateAnswers?: (PruneStep | Error | Promise<PruneStep>)[];
  historyAnswers?: number[];
  frameAnswers?: number[];
  /** Settings that keep payloads for 30 days and prune nothing, so that all pauses are those of the expiry. */
  expiryAnswers?: { step: ExpiryStep; tookMs: number }[];
  /** Subscriptions, each with the number of unread events without payload at each look. */
  subscriptions?: { subscription: Subscription; expired: number[] }[];
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
      listSubscriptions: async () => subscriptions.map(({ subscription }) => subscription),
      readLag: async ({ name }) => {
        const expired = subscriptions.find(({ subscription }) => subscription.name === name)?.expired.shift() ?? 0;
        return { events: expired, isExact: true, expired };
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
