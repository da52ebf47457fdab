import { randomUUID } from "node:crypto";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { AppliedDelivery } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Transaction } from "../connection/session.ts";
import { applyBatch } from "./apply-batch.ts";
import { joinFrames } from "./batch.ts";

// No log has this generation, and its count exists only inside a transaction.
const NO_GENERATION = "";
const DELETE_COUNT = `
  DELETE FROM frame_counters WHERE slot = current_setting('tidemark.slot')::integer AND generation = $1`;

interface Trial {
  /** The JSON texts of the events. */
  contents: string[];
  receivedAtMs: number;
  /** The time limit of each statement. */
  limitMs: number;
}

/**
 * Applies events like `apply`, all or none, inside an open transaction. They are in a separate frame, which is removed
 * again. If the store refuses one of them or takes too long, nothing changes and the transaction continues.
 */
export function tryEvents(
  transaction: Transaction,
  { contents, receivedAtMs, limitMs }: Trial,
): Promise<Verdicts | Refusal> {
  const id = randomUUID();
  const events = Buffer.from(`[${contents.join(",")}]`);
  const frame = { id, requests: [contents.length], receivedAtMs, events };
  const deliveries: AppliedDelivery[] = [{ frame, origin: { generation: NO_GENERATION, sequence: 0 } }];
  return transaction.attempt(
    async () => {
      const batch = joinFrames(deliveries);
      const { frames } = await applyBatch(transaction, deliveries, { batch, deadLetters: [], maxNamed: 0 });
      await transaction.query("DELETE FROM frames WHERE frame_id = $1", [id]);
      await transaction.query(DELETE_COUNT, [NO_GENERATION]);
      return frames[0]?.verdicts ?? "";
    },
    { limitMs },
  );
}
