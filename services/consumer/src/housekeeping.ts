import { setTimeout as delay } from "node:timers/promises";
import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Pruner } from "@tidemark/event-store/pruning";
import type { Logger } from "@tidemark/telemetry/logger";

export interface HousekeepingOptions {
  store: Pruner;
  /** What is in the log at this moment. @throws {Unavailable} when the log is away */
  readLogSnapshot: () => Promise<LogSnapshot>;
  /** How long plain copies stay on record. */
  duplicateLogDays: number;
  logger: Logger;
  clock?: Clock;
  /** How long a stop waits for the step at hand; whether a step that is left alone is committed makes no difference. */
  stopWaitMs?: number;
}

export interface Clock {
  nowMs(): number;
  /** Resolves after so long, or at once when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Housekeeping {
  /** Ends after the step at hand, or without it after a while. */
  stop(): Promise<void>;
  /** Rejects when it could not go on: our own bug. */
  readonly done: Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const BETWEEN_ROUNDS_MS = 60_000;
// A step takes SQLite 11 ms and PostgreSQL 34; then the store has as long for itself, and at least the pause.
const STEP_ROWS = 2_000;
const MIN_PAUSE_MS = 50;
/** Receipts are kept so long, at least. */
const LEDGER_MS = DAY_MS;

const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

/**
 * Forgets once a minute, in small steps, what need not be kept for ever. A store or a log that is away is asked again a
 * minute later.
 */
export function startHousekeeping({ clock = SYSTEM_CLOCK, stopWaitMs, ...options }: HousekeepingOptions): Housekeeping {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pruneCopies = createCopyPruning(options, clock, signal);
  const pruneLedger = createLedgerPruning(options, clock, signal);
  const { logger } = options;
  let isAway = false;

  const round = async () => {
    try {
      const [copies, frames] = [await pruneCopies(), await pruneLedger()];
      if (copies + frames > 0) logger.debug({ copies, frames }, "forgot what need not be kept");
      isAway = false;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (!isAway && !signal.aborted) logger.warn({ err: error }, "housekeeping waits for the store and the log");
      isAway = true;
    }
  };
  const loop = async () => {
    while (!signal.aborted) {
      await round();
      await clock.pause(BETWEEN_ROUNDS_MS, signal);
    }
  };
  const done = loop();
  return {
    done,
    stop: async () => {
      stopping.abort();
      await (stopWaitMs === undefined ? done : Promise.race([done, delay(stopWaitMs, undefined, { ref: false })]));
    },
  };
}

/**
 * Copies are walked over from the oldest to those that are too young, and the next round goes on from there: conflicts stay
 * for long, and to pass all of them every minute would cost more than all the rest. Once a day the walk begins anew, for
 * payloads expire by the day and take their conflicts along.
 */
function createCopyPruning(
  { store, duplicateLogDays }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  let walk: { beganAtMs: number; position?: string } = { beganAtMs: clock.nowMs() };
  return async () => {
    const nowMs = clock.nowMs();
    if (nowMs - walk.beganAtMs >= DAY_MS) walk = { beganAtMs: nowMs };
    return repeat(clock, signal, async () => {
      const { position: after } = walk;
      const receivedBeforeMs = nowMs - duplicateLogDays * DAY_MS;
      const step = await store.pruneDuplicates({
        receivedBeforeMs,
        limit: STEP_ROWS,
        ...(after !== undefined && { after }),
      });
      if (step.position !== undefined) walk.position = step.position;
      return { count: step.forgotten, isLast: step.isAtEnd };
    });
  };
}

/**
 * A row may go when its frame can come no more: the log has let go of it, and of everything it held a day later. That day
 * is for a second copy of a frame, which a gateway that got no confirmation appends within seconds: as long as one may be
 * in the log the row is there, so that its events are not counted as a client's copies.
 */
function createLedgerPruning(
  { store, readLogSnapshot }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  return async () => {
    const { generation, held, lastSequence, oldestAtMs = Number.POSITIVE_INFINITY } = await readLogSnapshot();
    if (held === undefined) return 0; // nobody can say what it holds
    const log = { generation, firstHeldSequence: held[0]?.first ?? lastSequence + 1 };
    const processedBeforeMs = Math.min(clock.nowMs(), oldestAtMs) - LEDGER_MS;
    return repeat(clock, signal, async () => {
      const count = await store.pruneFrames({ processedBeforeMs, log, limit: STEP_ROWS });
      return { count, isLast: count === 0 };
    });
  };
}

/** Repeats a step until the last one, or until it is told to stop, and sums the counts up. */
async function repeat(
  clock: Clock,
  signal: AbortSignal,
  step: () => Promise<{ count: number; isLast: boolean }>,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const beganAtMs = clock.nowMs();
    const { count, isLast } = await step();
    total += count;
    if (isLast) break;
    await clock.pause(Math.max(MIN_PAUSE_MS, clock.nowMs() - beganAtMs), signal);
  }
  return total;
}
