import { randomUUID } from "node:crypto";
import { InvalidInput, Unavailable } from "@tidemark/shared/errors";
import type { Delivery, EventLog, UnreadableDelivery } from "@tidemark/shared/event-log/event-log";
import type { Applied, DroppedCopy, EventStore } from "@tidemark/shared/event-store/event-store";
import type { Logger } from "@tidemark/shared/log";
import type { Signals } from "@tidemark/shared/signals/signals";
import { countVerdicts } from "@tidemark/shared/verdict";
import { Backoff } from "./backoff.ts";
import { Pulse } from "./pulse.ts";

export interface ConsumerOptions {
  eventLog: EventLog;
  store: Pick<EventStore, "apply">;
  signals: Signals;
  log: Logger;
  /** What one transaction takes at most; a frame larger than that is taken alone. */
  batch?: { maxEvents: number; maxBytes: number };
}

export interface Consumer {
  /** Finishes the batch at hand, gives the rest back. */
  stop(): Promise<void>;
  /** Rejects when the consumer could not go on: our own bug, after which nothing must pretend to run. */
  readonly done: Promise<void>;
}

// Past 3,000 events a transaction takes longer without committing more a second (docs/design.md).
const BATCH = { maxEvents: 3_000, maxBytes: 8 * 1024 * 1024 };
const REFUSED_RETRY_MS = 30_000;
const MAX_SAMPLES = 10;

/**
 * Takes frames, applies them in one transaction, acknowledges them, and sends the verdicts back. A store that is down is
 * waited for. In this order, because a crash in between only delivers a frame again that the ledger already knows.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const pulse = new Pulse(randomUUID(), options.signals);
  const stopping = new AbortController();
  const loop = async () => {
    for (;;) {
      const deliveries = await options.eventLog.take(options.batch ?? BATCH);
      if (deliveries.length === 0) return;
      pulse.took();
      await consume(options, pulse, stopping.signal, readable(options, deliveries));
      pulse.finished();
    }
  };
  const done = loop().finally(() => pulse.stop());
  return {
    done,
    stop: async () => {
      stopping.abort();
      await options.eventLog.close();
      await done;
    },
  };
}

/** Leaves the frames that cannot be read to a newer consumer, or to somebody who looks into it; they stay in the log. */
function readable({ log }: ConsumerOptions, deliveries: (Delivery | UnreadableDelivery)[]): Delivery[] {
  return deliveries.filter((delivery) => {
    if (delivery.frame !== undefined) return true;
    log.error({ err: delivery.error, origin: delivery.origin }, "a frame cannot be read and stays in the log");
    delivery.retry(REFUSED_RETRY_MS);
    return false;
  }) as Delivery[];
}

async function consume(options: ConsumerOptions, pulse: Pulse, signal: AbortSignal, batch: Delivery[]): Promise<void> {
  if (batch.length === 0) return;
  try {
    const applied = await applyUntilUp(options, pulse, signal, batch);
    if (applied === undefined) for (const delivery of batch) delivery.retry(0);
    else settle(options, pulse, batch, applied);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    await isolate(options, pulse, signal, batch, error);
  }
}

/** One frame that the store refuses must not hold up its neighbours: each is applied on its own. */
async function isolate(
  options: ConsumerOptions,
  pulse: Pulse,
  signal: AbortSignal,
  batch: Delivery[],
  error: InvalidInput,
): Promise<void> {
  if (batch.length > 1) {
    for (const delivery of batch) await consume(options, pulse, signal, [delivery]);
    return;
  }
  for (const { frame, origin, retry } of batch) {
    options.log.error({ err: error, frame: frame.id, origin }, "the store refuses a frame; it stays in the log");
    retry(REFUSED_RETRY_MS);
  }
}

/** Waits for a store that is down, for ever; gives up with undefined only when the consumer is told to stop. */
async function applyUntilUp(
  { store, log }: ConsumerOptions,
  pulse: Pulse,
  signal: AbortSignal,
  batch: Delivery[],
): Promise<Applied | undefined> {
  const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 });
  for (;;) {
    try {
      const applied = await store.apply(batch, { maxNamed: log.isLevelEnabled("debug") ? Infinity : MAX_SAMPLES });
      if (backoff.attempts > 0) log.info({ attempts: backoff.attempts }, "the store is back");
      return applied;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (backoff.attempts === 0) log.warn({ err: error }, "the store is away; waiting for it");
      pulse.storeIsDown();
      await backoff.wait(signal);
      if (signal.aborted) return undefined;
    }
  }
}

function settle(
  { signals, log }: ConsumerOptions,
  pulse: Pulse,
  batch: Delivery[],
  { frames, dropped }: Applied,
): void {
  let duplicates = 0;
  let conflicts = 0;
  const receivedAtMs: number[] = [];
  for (const [index, { frame, ack }] of batch.entries()) {
    const applied = frames[index];
    if (applied?.frameId !== frame.id) throw new Error("the store answered for another frame than it was given");
    ack();
    if (frame.replyTo !== undefined) signals.sendVerdicts(frame.replyTo, applied);
    if (!applied.isNew) continue;
    const counts = countVerdicts(applied.verdicts);
    duplicates += counts.duplicates;
    conflicts += counts.conflicts;
    receivedAtMs.push(frame.receivedAtMs);
  }
  pulse.committed(receivedAtMs);
  if (duplicates === 0) return;
  log.warn({ duplicates, conflicts, samples: dropped.slice(0, MAX_SAMPLES).map(nameCopy) }, "dropped duplicates");
  if (log.isLevelEnabled("debug")) for (const copy of dropped) log.debug(nameCopy(copy), "dropped duplicate");
}

/** In the words of the API, so that what the log names can be searched for there. */
function nameCopy({ topic, eventId, source, isConflict }: DroppedCopy) {
  return { topic, event_id: eventId, source, conflict: isConflict };
}
