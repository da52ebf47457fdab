import { randomUUID } from "node:crypto";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { AppliedDelivery } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { WriteConnection } from "../connection/connections.ts";
import { translatingErrors } from "../connection/errors.ts";
import { orRefusal } from "../connection/transaction.ts";
import { joinFrames } from "./batch.ts";
import { callApply, readApplied } from "./call.ts";

// No log has this name: what is counted under it is here for the length of a transaction.
const NO_LOG = "";
const FORGET_COUNT = "DELETE FROM frame_counters WHERE slot = $1 AND incarnation = $2";

/**
 * Applies events inside an open transaction as `apply` would, all or none, in a frame of their own that leaves no trace.
 * Refused, they change nothing, and the transaction goes on.
 *
 * @param contents the events' JSON texts
 */
export function tryEvents(
  connection: WriteConnection,
  { contents, receivedAtMs }: { contents: string[]; receivedAtMs: number },
): Promise<Verdicts | Refusal> {
  const id = randomUUID();
  const events = Buffer.from(`[${contents.join(",")}]`);
  const frame = { id, requests: [contents.length], receivedAtMs, events };
  const deliveries: AppliedDelivery[] = [{ frame, origin: { generation: NO_LOG, sequence: 0 } }];
  const { client, slot } = connection;
  return orRefusal(client, async () => {
    const batch = joinFrames(deliveries);
    const row = await translatingErrors(() => callApply(connection, { batch, letters: [], maxNamed: 0 }));
    await translatingErrors(() => client.query("DELETE FROM frames WHERE frame_id = $1", [id]));
    await translatingErrors(() => client.query(FORGET_COUNT, [slot, NO_LOG]));
    return readApplied(deliveries, batch, row).frames[0]?.verdicts ?? "";
  });
}
