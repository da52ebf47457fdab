import { InvalidInput } from "@tidemark/domain/errors";
import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { DAMAGED_FRAME } from "@tidemark/event-store/refusal";
import type { WriteConnection } from "../connection/connections.ts";
import { joinFrames } from "./batch.ts";
import { applyBatch } from "./call.ts";
import { applyIsolated } from "./isolation.ts";

/**
 * `EventStore.apply`: joins the frames and applies them by one call. Every event of nearly every batch is taken, and
 * nothing is spent there on those that are not.
 */
export async function applyFrames(
  connection: WriteConnection,
  deliveries: AppliedDelivery[],
  maxNamed: number,
): Promise<Applied> {
  try {
    return await applyBatch(connection, deliveries, { batch: joinFrames(deliveries), letters: [], maxNamed });
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return applyIsolated(connection, deliveries, maxNamed);
  }
}

/** `DeadLetterStore.bury`: applies a frame that is one dead letter. */
export function buryFrame(
  connection: WriteConnection,
  { frameId, origin, events, receivedAtMs, reason, content }: UnreadableFrame,
): Promise<Applied> {
  const deliveries = [{ frame: { id: frameId, requests: [events], receivedAtMs, events: content }, origin }];
  const batch = joinFrames(deliveries, new Set([frameId]));
  const letters = [{ body: 0, code: DAMAGED_FRAME, reason, content }];
  return applyBatch(connection, deliveries, { batch, letters, maxNamed: 0 });
}
