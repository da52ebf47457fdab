import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "@tidemark/domain/clock";
import type { Durability } from "@tidemark/domain/durability";
import { countVerdicts, type Verdicts } from "@tidemark/domain/verdict";
import type {
  DamagedDelivery,
  Delivery,
  EventLog,
  NewerDelivery,
  TakeLimits,
  UnreadableDelivery,
} from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import type { DeadLetterStore } from "@tidemark/event-store/dead-letters";
import type { EventStore } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { Tracer } from "@tidemark/telemetry/tracing/tracer";
import { acknowledgeApplied } from "./acknowledge-applied.ts";
import { createConsumerMetrics } from "./consumer-metrics.ts";
import { type DeadLetterContext, deadLetterFrames } from "./dead-letter-frames.ts";
import { DuplicateReports, MAX_SAMPLES } from "./duplicate-reports.ts";
import { type HeartbeatSender, startHeartbeats } from "./heartbeat-sender.ts";
import { NewerFrames } from "./newer-frames.ts";
import { reportRefused } from "./report-refused.ts";
import { retryWhileDown } from "./retry-while-down.ts";
import { traceApplied } from "./trace-applied.ts";

export interface ConsumerOptions {
  eventLog: EventLog;
  store: Pick<EventStore, "apply"> & Pick<DeadLetterStore, "deadLetterFrame">;
  signals: Signals;
  /** The durability settings of the store, for the heartbeats. */
  durability?: { readonly current: Durability };
  /** The heartbeats of a consumer that has waited for its store. Default: they begin here. */
  heartbeats?: HeartbeatSender;
  /** Absent: no traces are recorded. */
  tracer?: Tracer | undefined;
  /** Default: metrics that no route shows. */
  metrics?: Metrics;
  logger: Logger;
  /** The limit of one transaction. A larger frame is applied alone. */
  batch?: { maxEvents: number; maxBytes: number };
  /** The number of batches that may be with the store at a time. Default: 2. */
  maxBatches?: number;
  /**
   * The time that a stop waits for the store to finish the batches in flight. After it, their frames are given back to
   * the log. A later commit does no harm, because the ledger recognises the frames when they are delivered again.
   * Default: indefinitely, for a log that would lose frames that are given back.
   */
  stopWaitMs?: number;
}

export interface Consumer {
  /** Finishes the batches in flight and gives back all other frames. */
  stop(): Promise<void>;
  /**
   * Rejects when a bug prevents the consumer from continuing. Frames in flight are not acknowledged. Left unhandled,
   * the rejection ends the process, which is what the services want.
   */
  readonly done: Promise<void>;
}

type AnyDelivery = Delivery | UnreadableDelivery;

interface BatchContext extends DeadLetterContext {
  eventLog: EventLog;
  store: ConsumerOptions["store"];
  tracer: Tracer | undefined;
  newerFrames: NewerFrames;
  duplicateReports: DuplicateReports;
  /** The batches that are neither acknowledged nor given back. */
  inFlight: Set<AnyDelivery[]>;
}

// Above 3,000 events a transaction takes longer without committing more events a second.
const BATCH = { maxEvents: 3_000, maxBytes: 8 * 1024 * 1024 };
/** The default number of batches that a consumer has with the store at a time. */
export const MAX_BATCHES = 2;
/**
 * Every batch except the first waits for this amount. While the store keeps up with one batch, the next one then holds
 * everything that arrived meanwhile, and batches stay large (docs/decisions/0007).
 */
const MIN_OTHER_BATCH = { events: 500, bytes: 1024 * 1024 };

/** Consumes batches of frames, two at a time while many frames wait. */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { eventLog, store, signals, durability, tracer, logger, stopWaitMs } = options;
  const { batch: limits = BATCH, maxBatches = MAX_BATCHES, metrics = new Metrics() } = options;
  const { heartbeats = startHeartbeats({ signals, durability, logger }) } = options;
  const stopping = new AbortController();
  const context: BatchContext = {
    eventLog,
    store,
    tracer,
    signals,
    heartbeats,
    metrics: createConsumerMetrics(metrics),
    newerFrames: new NewerFrames(logger),
    duplicateReports: new DuplicateReports(logger),
    inFlight: new Set(),
    stopping: stopping.signal,
    givingUp: new AbortController(),
    logger,
  };
  const loop = async (limits: TakeLimits) => {
    while (await consumeBatch(context, limits));
  };
  const others = Array.from({ length: maxBatches - 1 }, () => loop({ ...limits, min: MIN_OTHER_BATCH }));
  const loops = [loop(limits), ...others];
  const running = Promise.all(loops).finally(() => {
    context.heartbeats.stop();
    context.duplicateReports.stop();
  });
  const ended = Promise.allSettled([running, ...loops]); // after one loop failed, another may have a batch in flight

  return {
    done: running.then(() => undefined), // a separate promise, so that only the caller handles its rejection
    stop: async () => {
      stopping.abort();
      if (!context.heartbeats.isStoreUp) context.givingUp.abort();
      const stopped = eventLog.close().then(() => ended);
      await Promise.race(
        stopWaitMs === undefined ? [stopped] : [stopped, delay(stopWaitMs, undefined, { ref: false })],
      );
      giveUp(context);
    },
  };
}

/** Carries a batch from the log to the store. Returns false when the log is closing. */
async function consumeBatch(context: BatchContext, limits: TakeLimits): Promise<boolean> {
  const { eventLog, heartbeats, newerFrames, inFlight, givingUp, logger } = context;
  const deliveries = await eventLog.take(limits);
  if (deliveries.length === 0) return false;

  const { readable, damaged, newer } = groupDeliveries(deliveries);
  const batch = heartbeats.began();
  inFlight.add(deliveries);
  try {
    for (const delivery of newer) newerFrames.leave(delivery);
    await applyFrames(context, readable).catch(async (error) => {
      // Damaged frames are handled even if the other frames fail, because they are independent of each other.
      await deadLetterFrames(context, damaged).catch((err) => logger.error({ err }, "could not dead-letter a frame"));
      throw error;
    });
    await deadLetterFrames(context, damaged);
    if (givingUp.signal.aborted) giveBack(deliveries);
  } finally {
    inFlight.delete(deliveries);
    heartbeats.finished(batch);
  }
  return true;
}

/** Applies frames in one transaction, acknowledges them, and notifies the other processes. */
async function applyFrames(context: BatchContext, deliveries: Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  const { store, signals, heartbeats, metrics, tracer, logger } = context;
  const takenAtMs = nowMs();
  const maxNamed = logger.isLevelEnabled("debug") ? Infinity : MAX_SAMPLES;
  const applied = await retryWhileDown(context, () =>
    metrics.measureApply(deliveries, () => store.apply(deliveries, { maxNamed })),
  );
  if (applied === undefined) return;
  const committedAtMs = nowMs();

  // Acknowledge after the commit: after a crash in between, the frames are delivered again and the ledger recognises
  // them.
  const receivedAtMs: number[] = [];
  const newVerdicts: Verdicts[] = [];
  for (const [index, { frame, ack }] of deliveries.entries()) {
    const { id: frameId, replyTo } = frame;
    const { isNew, verdicts } = acknowledgeApplied({ signals, frameId, replyTo, ack }, applied.frames[index]);
    if (!isNew) continue;
    receivedAtMs.push(frame.receivedAtMs);
    newVerdicts.push(verdicts);
  }
  if (receivedAtMs.length > 0) signals.sendCommit();
  heartbeats.committed(receivedAtMs);
  if (tracer !== undefined) traceApplied(tracer, deliveries, applied, { takenAtMs, committedAtMs });
  const counts = countVerdicts(newVerdicts.join(""));
  metrics.committed({ counts, receivedAtMs, repeatedFrames: deliveries.length - receivedAtMs.length });
  reportRefused(context, { batch: deliveries, applied, counts });
}

function groupDeliveries(deliveries: AnyDelivery[]) {
  const readable: Delivery[] = [];
  const damaged: DamagedDelivery[] = [];
  const newer: NewerDelivery[] = [];
  for (const delivery of deliveries) {
    if (delivery.frame !== undefined) readable.push(delivery);
    else if (delivery.damaged !== undefined) damaged.push(delivery);
    else newer.push(delivery);
  }
  return { readable, damaged, newer };
}

/** Gives back every frame of the batch that is not acknowledged. */
function giveBack(deliveries: AnyDelivery[]): void {
  for (const delivery of deliveries) delivery.retry(0);
}

/** Gives back the frames of batches that the store has not answered. */
function giveUp({ givingUp, inFlight, logger }: BatchContext): void {
  if (inFlight.size > 0)
    logger.warn({ batches: inFlight.size }, "store did not answer, giving its frames back to the log");
  givingUp.abort();
  for (const deliveries of inFlight) giveBack(deliveries);
}
