import { randomUUID } from "node:crypto";
import type { Durability } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import type {
  DamagedDelivery,
  Delivery,
  EventLog,
  TakeLimits,
  UnreadableDelivery,
} from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import type { DeadLetterStore } from "@tidemark/event-store/dead-letters";
import type { EventStore } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { Backoff } from "./backoff.ts";
import { HeartbeatSender } from "./heartbeat-sender.ts";
import { NewerFrames } from "./newer-frames.ts";
import { MAX_SAMPLES, settleApplied, settleBuried } from "./settle.ts";

export interface ConsumerOptions {
  eventLog: EventLog;
  store: Pick<EventStore, "apply"> & Pick<DeadLetterStore, "deadLetterFrame">;
  signals: Signals;
  /** What the store's settings are, for the heartbeats. */
  durability?: { readonly current: Durability };
  logger: Logger;
  /** What one transaction takes at most; a frame larger than that is taken alone. */
  batch?: { maxEvents: number; maxBytes: number };
  /** How many batches may be with the store at a time. Default 2. */
  maxBatches?: number;
  /**
   * How long a stop waits for the store to finish what is at hand; then it goes back to the log, and what the store
   * commits later is a no-op when it comes again. Default: for ever, for a log that would lose what goes back.
   */
  stopWaitMs?: number;
}

export interface Consumer {
  /** Finishes what is at hand, gives the rest back. */
  stop(): Promise<void>;
  /**
   * Rejects when the consumer could not go on: our own bug, after which nothing must pretend to run. What it had at hand
   * is not acknowledged. Left unhandled, the rejection ends the process, which is what the services want.
   */
  readonly done: Promise<void>;
}

// Past 3,000 events a transaction takes longer without committing more a second.
const BATCH = { maxEvents: 3_000, maxBytes: 8 * 1024 * 1024 };
/** How many batches a consumer has with the store at a time, unless told otherwise. */
export const MAX_BATCHES = 2;
/**
 * Every batch beside the first waits for so much: a store that keeps up with one gets everything that came meanwhile in
 * the next, and batches stay large (docs/decisions/0007).
 */
const WORTH_ANOTHER = { events: 500, bytes: 1024 * 1024 };

/** What a batch meets on its way. */
interface Course extends Omit<ConsumerOptions, "batch"> {
  pulse: HeartbeatSender;
  newerFrames: NewerFrames;
  stopping: AbortSignal;
  /** Aborted when nothing more is asked of the store: what is at hand goes back to the log. */
  givingUp: AbortController;
}

/**
 * Takes frames, applies them in one transaction, acknowledges them, and sends the verdicts back. In this order, because a
 * crash in between only delivers a frame again that the ledger already knows. As long as many wait, the next transaction
 * is under way meanwhile. A store that is down is waited for.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const pulse = new HeartbeatSender({
    consumerId: randomUUID(),
    signals: options.signals,
    durability: options.durability,
  });
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const newerFrames = new NewerFrames(options.logger);
  const course = { ...options, pulse, newerFrames, stopping: stopping.signal, givingUp };
  const loop = async (limits: TakeLimits) => {
    for (;;) {
      const deliveries = await options.eventLog.take(limits);
      if (deliveries.length === 0) return;
      const batch = pulse.began();
      await consume(course, deliveries);
      pulse.finished(batch);
    }
  };
  const { batch: limits = BATCH, maxBatches = MAX_BATCHES } = options;
  const others = Array.from({ length: maxBatches - 1 }, () => loop({ ...limits, min: WORTH_ANOTHER }));
  const loops = [loop(limits), ...others];
  const running = Promise.all(loops).finally(() => pulse.stop());
  const ended = Promise.allSettled([running, ...loops]); // where one failed, another may have a batch with the store
  return {
    done: running.then(() => undefined), // a promise of its own: nobody but the caller handles its rejection
    stop: async () => {
      stopping.abort();
      const { stopWaitMs } = options;
      const patience = stopWaitMs === undefined ? undefined : setTimeout(() => givingUp.abort(), stopWaitMs);
      await options.eventLog.close();
      await ended;
      clearTimeout(patience);
    },
  };
}

async function consume(course: Course, deliveries: (Delivery | UnreadableDelivery)[]): Promise<void> {
  const readable: Delivery[] = [];
  const damaged: DamagedDelivery[] = [];
  for (const delivery of deliveries) {
    if (delivery.frame !== undefined) readable.push(delivery);
    else if (delivery.damaged !== undefined) damaged.push(delivery);
    else course.newerFrames.leave(delivery);
  }
  try {
    await apply(course, readable);
  } catch (error) {
    // A damaged frame has nothing to do with why its neighbours could not be applied.
    await buryAll(course, damaged).catch((err) =>
      course.logger.error({ err }, "could not bury a damaged frame either"),
    );
    throw error;
  }
  await buryAll(course, damaged);
}

async function apply(course: Course, deliveries: Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  const maxNamed = course.logger.isLevelEnabled("debug") ? Infinity : MAX_SAMPLES;
  const applied = await untilUp(course, () => course.store.apply(deliveries, { maxNamed }));
  if (applied === undefined) for (const delivery of deliveries) delivery.retry(0);
  else course.pulse.committed(settleApplied(course, deliveries, applied));
}

async function buryAll(course: Course, damaged: DamagedDelivery[]): Promise<void> {
  for (const delivery of damaged) await deadLetterFrame(course, delivery);
}

async function deadLetterFrame(course: Course, delivery: DamagedDelivery): Promise<void> {
  const { damaged, origin } = delivery;
  const buried = await untilUp(course, () => course.store.deadLetterFrame({ ...damaged, origin }));
  if (buried === undefined) {
    delivery.retry(0);
    return;
  }
  settleBuried(course, delivery, buried);
  course.pulse.committed([]);
}

/**
 * Waits for a store that is down, for ever; gives up with undefined only when the consumer is told to stop: at once while
 * the store is down, after a while when it does not answer.
 */
async function untilUp<Outcome>(
  { logger, pulse, stopping, givingUp }: Course,
  change: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 });
  while (!givingUp.signal.aborted) {
    try {
      const outcome = await unlessAborted(givingUp.signal, change());
      if (outcome === undefined) logger.warn("stopping without an answer from the store: it goes back to the log");
      else if (backoff.attempts > 0) logger.info({ attempts: backoff.attempts }, "the store is back");
      return outcome;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (backoff.attempts === 0) logger.warn({ err: error }, "the store is away; waiting for it");
      pulse.storeIsDown();
      await backoff.wait(stopping);
      if (stopping.aborted) givingUp.abort();
    }
  }
  return undefined;
}

/** As the work ends, or undefined when the signal aborts first. */
async function unlessAborted<Outcome>(signal: AbortSignal, work: Promise<Outcome>): Promise<Outcome | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const abort = () => aborted.resolve(undefined);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort); // the signal lives for months
  }
}
