import { randomUUID } from "node:crypto";
import { countEvents, type Frame, NewerFrameFormat } from "@tidemark/domain/frame";
import type { Delivery, EventLog, UnreadableDelivery } from "@tidemark/event-log/event-log";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Heartbeat, VerdictMessage } from "@tidemark/event-log/signals";
import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { onTestFinished, vi } from "vitest";
import { startConsumer } from "./consumer.ts";

export const frame = (count = 1, events: Buffer = Buffer.from("[]")): Frame => ({
  id: randomUUID(),
  requests: [count],
  replyTo: "here",
  receivedAtMs: Date.now(),
  events,
});

export const DAMAGED = Buffer.from("damaged");
export const NEWER = Buffer.from("newer");

export const allStored = (deliveries: AppliedDelivery[]): Applied => ({
  frames: deliveries.map(({ frame }) => ({
    frameId: frame.id,
    isNew: true,
    verdicts: "s".repeat(countEvents(frame)),
  })),
  dropped: [],
});

export const allDeadLettered = async ({ frameId, events }: UnreadableFrame): Promise<Applied> => ({
  frames: [{ frameId, isNew: true, verdicts: "x".repeat(events) }],
  dropped: [],
});

/** Creates a log in memory that delivers frames with the text "damaged" or "newer" as such. */
function createLog(): EventLog {
  const memory = createMemoryEventLog({ maxEvents: 1_000, maxBytes: 1_000_000 });
  const misread = (delivery: Delivery | UnreadableDelivery): Delivery | UnreadableDelivery => {
    if (delivery.frame === undefined) return delivery;
    const { frame, ...atHand } = delivery;
    if (frame.events.equals(NEWER)) return { ...atHand, error: new NewerFrameFormat("of a newer format") };
    if (!frame.events.equals(DAMAGED)) return delivery;
    const { id: frameId, receivedAtMs, events: content, replyTo } = frame;
    const damaged = { frameId, receivedAtMs, content, events: countEvents(frame), reason: "damaged frame" };
    return { ...atHand, damaged, ...(replyTo === undefined ? {} : { replyTo }) };
  };
  return { ...memory, take: async (limits) => (await memory.take(limits)).map(misread) };
}

/** Starts a consumer on a store that consists of `apply` and `deadLetterFrame`. */
export function runConsumer(
  apply: (deliveries: AppliedDelivery[]) => Promise<Applied>,
  deadLetterFrame: (frame: UnreadableFrame) => Promise<Applied> = allDeadLettered,
  { stopWaitMs }: { stopWaitMs?: number } = {},
) {
  const eventLog = createLog();
  const signals = createMemorySignals();
  const verdicts: VerdictMessage[] = [];
  const heartbeats: Heartbeat[] = [];
  signals.onVerdicts((message) => verdicts.push(message));
  signals.onHeartbeat((heartbeat) => heartbeats.push(heartbeat));
  const calls: AppliedDelivery[][] = [];
  const store = {
    apply: (deliveries: AppliedDelivery[]) => {
      calls.push(deliveries);
      return apply(deliveries);
    },
    deadLetterFrame,
  };
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const error = vi.spyOn(logger, "error");
  const batch = { maxEvents: 12, maxBytes: 1_000_000 };
  const waits = stopWaitMs === undefined ? {} : { stopWaitMs };
  const consumer = startConsumer({ eventLog, store, signals, logger, batch, ...waits });
  onTestFinished(() => consumer.stop());
  return { eventLog, consumer, calls, verdicts, heartbeats, warn, error };
}
