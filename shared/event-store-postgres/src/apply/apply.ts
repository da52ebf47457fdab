import { InvalidInput } from "@tidemark/domain/errors";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { isOutOfTime } from "../connection/errors.ts";
import type { Writers } from "../connection/writers.ts";
import { applyBatch } from "./apply-batch.ts";
import { joinFrames } from "./batch.ts";
import { applyIsolated } from "./isolate.ts";

/**
 * `EventStore.apply`: joins the frames and applies them by one call. The store accepts every event of almost every
 * batch. The search for the events at fault therefore runs only after a batch was refused or ran out of time.
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
