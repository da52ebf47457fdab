import { setTimeout as delay } from "node:timers/promises";
import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Eraser } from "@tidemark/event-store/erasure";
import type { PruneFrames, Pruner } from "@tidemark/event-store/pruning";
import type { Logger } from "@tidemark/telemetry/logger";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";

export interface HousekeepingOptions {
  store: Pruner & Pick<Eraser, "expirePayloads">;
  /** Reads what the log holds. @throws {Unavailable} when the log is unreachable */
  readLogSnapshot: () => Promise<LogSnapshot>;
  /** The number of days for which plain duplicates stay on record. */
  duplicateLogDays: number;
  /** The number of days for which the history of the books stays on record. */
  historyDays: number;
  /** The number of days for which payloads are kept. 0 keeps them indefinitely. */
  retentionDays: number;
  /** Default: metrics that are shown nowhere. */
  metrics?: Metrics;
  logger: Logger;
  clock?: Clock;
  /** The time that a stop waits for the current step. It makes no difference whether a step left alone is committed. */
  stopWaitMs?: number;
}

export interface Clock {
  nowMs(): number;
  /** Resolves after this time, or at once when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Housekeeping {
  /** Resolves after the current step, or without it after `stopWaitMs`. */
  stop(): Promise<void>;
  /** Rejects when a bug ends the housekeeping. */
  readonly done: Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const BETWEEN_ROUNDS_MS = 60_000;
// A step takes 11 ms in SQLite and 34 ms in PostgreSQL. It is followed by a pause of the same length or longer.
const STEP_ROWS = 2_000;
const MIN_PAUSE_MS = 50;
// On a busy machine a step of the expiry takes 80 ms in SQLite and 270 ms in PostgreSQL. With pauses of 9 times that, a
// stack at full load stored a seventh less (docs/decisions/0004). Removing a payload costs as much as storing an event.
const EXPIRY_PAUSES = 19;
/** The ledger answers for receipts at least this long. */
const LEDGER_MS = DAY_MS;

const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

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
    if (payloads > 0) logger.info({ payloads }, "removed payloads that have passed their retention");
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
 * cursor, because conflicts stay for long: passing all of them every minute would cost more than everything else. Once a
 * day the scan starts again at the oldest, because the conflicts of events whose payload has expired can go then.
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
 * Creates a function that prunes the ledger. A row may go when its frame cannot be delivered again: the log holds neither
 * the frame nor anything from the day after it. The day covers a second append of the frame, which a gateway without a
 * confirmation makes within seconds. While a repeated frame may be in the log its row stays, so that its events do not
 * count as a client's duplicates.
 *
 * The frame must have been gone in the round before as well. Otherwise a read of the books that found it in the log a
 * moment ago would miss its row, and a broker that is killed before the removal is on its disk would deliver it again.
 */
function createLedgerPruning(
  { store, readLogSnapshot }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  let former: PruneFrames["log"] | undefined;
  return async () => {
    const { generation, held, lastSequence, oldestAtMs = Number.POSITIVE_INFINITY } = await readLogSnapshot();
    if (held === undefined) return 0; // the log cannot tell which frames it holds
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

/** Creates a function that removes the payloads that have passed their retention. The store keeps its position. */
function createExpiry(
  { store, retentionDays, metrics = new Metrics() }: HousekeepingOptions,
  clock: Clock,
  signal: AbortSignal,
): () => Promise<number> {
  const expiredPayloads = metrics.counter({
    name: "tidemark_expired_payloads_total",
    help: "Payloads that were removed at the end of their retention.",
  });
  const step = async () => {
    const processedBeforeMs = clock.nowMs() - retentionDays * DAY_MS;
    const { expired, isAtEnd } = await store.expirePayloads({ processedBeforeMs, limit: STEP_ROWS });
    expiredPayloads.inc(expired);
    return { count: expired, isLast: isAtEnd };
  };
  return () => repeat(clock, signal, step, EXPIRY_PAUSES);
}

/**
 * Repeats a step until the last one, or until the signal aborts. Returns the sum of the counts.
 *
 * @param pauses the length of the pause after each step, in multiples of the time that the step took
 */
async function repeat(
  clock: Clock,
  signal: AbortSignal,
  step: () => Promise<{ count: number; isLast: boolean }>,
  pauses = 1,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const beganAtMs = clock.nowMs();
    const { count, isLast } = await step();
    total += count;
    if (isLast) break;
    await clock.pause(Math.max(MIN_PAUSE_MS, pauses * (clock.nowMs() - beganAtMs)), signal);
  }
  return total;
}
