import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { Applied } from "@tidemark/event-store/event-store";
import { DAMAGED_FRAME } from "@tidemark/event-store/refusal";
import type { Writers } from "../connection/writers.ts";
import { applyBatch } from "./apply-batch.ts";
import { joinFrames } from "./batch.ts";

/** `DeadLetterStore.deadLetterFrame`: applies a frame that is one dead letter. */
export function deadLetterFrame(
  writers: Writers,
  { frameId, origin, events, receivedAtMs, reason, content }: UnreadableFrame,
): Promise<Applied> {
  const deliveries = [{ frame: { id: frameId, requests: [events], receivedAtMs, events: content }, origin }];
  const batch = joinFrames(deliveries, new Set([frameId]));
  const deadLetters = [{ frameIndex: 0, code: DAMAGED_FRAME, reason, content }];
  return applyBatch(writers, deliveries, { batch, deadLetters, maxNamed: 0 });
}
