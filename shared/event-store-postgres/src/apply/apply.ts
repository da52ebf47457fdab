import { InvalidInput } from "@tidemark/domain/errors";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { isOutOfTime } from "../connection/errors.ts";
import type { Writers } from "../connection/writers.ts";
import { applyBatch } from "./apply-batch.ts";
import { joinFrames } from "./batch.ts";
import { applyIsolated } from "./isolate.ts";

/**
 * `EventStore.apply`: joins the frames and applies them by one call. The store takes every event of nearly every batch, so
 * only a batch that it refused, or for which it had too little time, pays for the search of the events at fault.
 */
export async function applyFrames(writers: Writers, deliveries: AppliedDelivery[], maxNamed: number): Promise<Applied> {
  try {
    return await applyBatch(writers, deliveries, { batch: joinFrames(deliveries), deadLetters: [], maxNamed });
  } catch (error) {
    if (error instanceof InvalidInput) return applyIsolated(writers, deliveries, { maxNamed });
    if (isOutOfTime(error)) return applyIsolated(writers, deliveries, { maxNamed, outOfTime: error });
    throw error;
  }
}
