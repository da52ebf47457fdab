import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { isOutOfTime } from "../connection/errors.ts";
import type { Writers } from "../connection/writers.ts";
import { applyFrames } from "./apply.ts";

/** Applies batches. It splits one that would run out of time into several transactions. */
export class BatchSplitter {
  readonly #writers: Writers;
  /**
   * The maximum number of frames in one transaction. It is halved after a transaction that ran out of time, unless
   * single events were at fault, and doubled after each success. Without this, the same batch would run out of time
   * again and again. Its parts stay in the ledger, so that every attempt makes progress.
   */
  #framesAtOnce = Number.POSITIVE_INFINITY;
  /**
   * The maximum for each batch that ran out of time, because the success of other batches says nothing about this
   * batch.
   */
  readonly #framesOfBatch = new WeakMap<AppliedDelivery[], number>();

  constructor(writers: Writers) {
    this.#writers = writers;
  }

  async apply(deliveries: AppliedDelivery[], { maxNamed }: { maxNamed: number }): Promise<Applied> {
    const applied: Applied = { frames: [], dropped: [] };
    const size = Math.min(this.#framesAtOnce, this.#framesOfBatch.get(deliveries) ?? Infinity, deliveries.length);
    try {
      for (let at = 0; at < deliveries.length; at += size) {
        const some = deliveries.slice(at, at + size);
        const maxOfThese = maxNamed - applied.dropped.length;
        const part = await applyFrames(this.#writers, some, maxOfThese);
        applied.frames.push(...part.frames);
        applied.dropped.push(...part.dropped);
      }
    } catch (error) {
      if (isOutOfTime(error)) {
        this.#framesAtOnce = Math.ceil(size / 2);
        this.#framesOfBatch.set(deliveries, this.#framesAtOnce);
      }
      throw error;
    }
    this.#framesAtOnce *= 2;
    return applied;
  }
}
