import { setTimeout as delay } from "node:timers/promises";
import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { PruneFrames, Pruner } from "@tidemark/event-store/pruning";
import { createExpiry, type ExpiryOptions } from "./expire-payloads.ts";
import { type Clock, DAY_MS, repeat, STEP_ROWS, SYSTEM_CLOCK } from "./repeat-steps.ts";
import { createUnreadPayloadsAlarm, type UnreadPayloadsOptions } from "./unread-payloads.ts";

export interface HousekeepingOptions extends ExpiryOptions {
  store: Pruner & ExpiryOptions["store"] & UnreadPayloadsOptions["store"];
  /** Reads what the log holds. @throws {Unavailable} when the log is unreachable */
  readLogSnapshot: () => Promise<LogSnapshot>;
  /** The number of days for which plain duplicates stay on record. */
  duplicateLogDays: number;
  /** The number of days for which the history of the books stays on record. */
  historyDays: number;
  clock?: Clock;
  /** The time that a stop waits for the current step. After it, the step may commit or not without any harm. */
  stopWaitMs?: number;
}

export interface Housekeeping {
  /** Resolves after the current step, or without it after `stopWaitMs`. */
  stop(): Promise<void>;
  /** Rejects when a bug ends the housekeeping. */
  readonly done: Promise<void>;
}

const BETWEEN_ROUNDS_MS = 60_000;
/** The minimum time that a receipt can be read, because the ledger keeps its rows for it. */
const LEDGER_MS = DAY_MS;

/**
 * Prunes duplicates, the history and the ledger, and removes old payloads, once a minute and in small steps. A store or a
 * log that is unreachable is tried again a minute later.
 */
export function startHousekeeping({ clock = SYSTEM_CLOCK, stopWaitMs, ...options }: HousekeepingOptions): Housekeeping {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pruneDuplicates = createDuplicatePruning(options, clock, signal);
  const pruneHistory = createHistoryPruning(options, clock, signal);
  const pruneLedger = createLedgerPruning(options, clock, signal);
  const expirePayloads = createExpiry(options, clock, signal);
  const reportUnread = createUnreadPayloadsAlarm(options);
  const { logger } = options;
  let isUnavailable = false;

  const prune = async () => {
    const [duplicates, history, frames] = [await pruneDuplicates(), await pruneHistory(), await pruneLedger()];
    if (duplicates + history + frames > 0) {
      logger.debug({ duplicates, history, frames }, "pruned duplicates, history and ledger");
    }
  };
  const expire = async () => {
    const payloads = await expirePayloads();
    if (payloads === 0) return;
    logger.info({ payloads }, "removed payloads that have passed their retention");
    await reportUnread();
  };
  const tryRound = async (round: () => Promise<void>) => {
    try {
      await round();
      isUnavailable = false;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (!isUnavailable && !signal.aborted)
        logger.warn({ err: error }, "housekeeping cannot reach the store or the log, retrying in a minute");
      isUnavailable = true;
    }
  };
  const repeatRounds = async (round: () => Promise<void>) => {
    while (!signal.aborted) {
      await tryRound(round);
      await clock.pause(BETWEEN_ROUNDS_MS, signal);
    }
  };
  // The first expiry of a large store takes hours, and pruning continues beside it.
  const done = Promise.all([prune, ...(options.retentionDays > 0 ? [expire] : [])].map(repeatRounds)).then(() => {});
  return {
    done,
    stop: async () => {
      stopping.abort();
      await (stopWaitMs === undefined ? done : Promise.race([done, delay(stopWaitMs, undefined, { ref: false })]));
    },
  };
}

/**
 * Creates a function that scans duplicates from the oldest to those that are too young. The next call continues at the
 * cursor, because conflicts stay for a long time, and reading all of them every minute would cost more than everything
 * else. Once a day the scan starts again at the oldest duplicate, because conflicts can be pruned once the payload of
 * their event has expired.
 */
function createDuplicatePruning(
  { store, duplicateLogDays }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  let scan: { startedAtMs: number; position?: string } = { startedAtMs: clock.nowMs() };
  return async () => {
    const nowMs = clock.nowMs();
    if (nowMs - scan.startedAtMs >= DAY_MS) scan = { startedAtMs: nowMs };
    return repeat(clock, signal, async () => {
      const { position: after } = scan;
      const receivedBeforeMs = nowMs - duplicateLogDays * DAY_MS;
      const step = await store.pruneDuplicates({
        receivedBeforeMs,
        limit: STEP_ROWS,
        ...(after !== undefined && { after }),
      });
      if (step.position !== undefined) scan.position = step.position;
      return { count: step.forgotten, isLast: step.isAtEnd };
    });
  };
}

/** Creates a function that prunes the minutes of the history that are too old. */
function createHistoryPruning(
  { store, historyDays }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  return async () => {
    const beforeMs = clock.nowMs() - historyDays * DAY_MS;
    return repeat(clock, signal, async () => {
      const count = await store.pruneHistory({ beforeMs, limit: STEP_ROWS });
      return { count, isLast: count < STEP_ROWS };
    });
  };
}

/**
 * Creates a function that prunes the ledger. A row may be deleted when its frame cannot be delivered again: the log
 * holds neither the frame nor any frame from the day after it. The day covers a second append of the frame, which a
 * gateway without a confirmation makes within seconds. While a repeated frame may be in the log, its row stays, so that
 * its events do not count as a client's duplicates. The frame must also have been absent from the log in the round
 * before. Otherwise a read of the books that has just found the frame in the log would miss its row. A broker that is
 * killed before the removal is on its disk would also deliver the frame again.
 */
function createLedgerPruning(
  { store, readLogSnapshot }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  let former: PruneFrames["log"] | undefined;
  return async () => {
    const { generation, held, lastSequence, oldestAtMs = Number.POSITIVE_INFINITY } = await readLogSnapshot();
    if (held === undefined) return 0; // the log cannot list the frames that it holds
    const before = former;
    former = { generation, firstHeldSequence: held[0]?.first ?? lastSequence + 1 };
    if (before?.generation !== generation) return 0;
    const log = { generation, firstHeldSequence: Math.min(before.firstHeldSequence, former.firstHeldSequence) };
    const processedBeforeMs = Math.min(clock.nowMs(), oldestAtMs) - LEDGER_MS;
    return repeat(clock, signal, async () => {
      const count = await store.pruneFrames({ processedBeforeMs, log, limit: STEP_ROWS });
      return { count, isLast: count === 0 };
    });
  };
}
