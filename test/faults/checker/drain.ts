import type { Counts } from "@tidemark/client/answer";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Deployment } from "../deployment/deployment.ts";
import type { Attempt } from "../load/tally.ts";
import { readReceipt, readStats, type Stats } from "./reader.ts";

const DRAIN_TIMEOUT_MS = 300_000;
// This is longer than the acknowledgement timeout of the log, which holds a frame until then if its acknowledgement was
// lost.
const SETTLE_TIMEOUT_MS = 60_000;
const RECEIPTS_TIMEOUT_MS = 120_000;
const RECEIPTS_AT_A_TIME = 16;

/** Waits until the queue is empty. Returns what was left at the timeout, undefined if nothing was. */
export async function drain({ queryUrl }: Deployment, timeoutMs = DRAIN_TIMEOUT_MS): Promise<string | undefined> {
  const isEmpty = async () => {
    const { queue_size: queued, received } = await readStats(queryUrl);
    if (queued !== 0) throw new Error(`${queued} of ${received} events queued`);
    return true;
  };
  try {
    await waitFor("the queue to be empty", isEmpty, { timeoutMs, intervalMs: 250 });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Reads `/stats` until the drift and the unconfirmed events are known and the last heartbeats of gateways have arrived,
 * or until there is a drift, or until the timeout. The two figures can be unknown while frames are in flight.
 */
export async function readSettledStats(
  queryUrl: URL,
  { isEachConfirmationHeard, timeoutMs = SETTLE_TIMEOUT_MS }: { isEachConfirmationHeard: boolean; timeoutMs?: number },
): Promise<Stats> {
  let last = await readStats(queryUrl);
  let isFirst = true;
  const isSettled = async () => {
    if (!isFirst) last = await readStats(queryUrl);
    isFirst = false;
    const { drift, unconfirmed } = last;
    if (drift === null || drift !== 0) return drift !== null;
    return unconfirmed !== null && (!isEachConfirmationHeard || unconfirmed <= 0);
  };
  await waitFor("the books to settle", isSettled, { timeoutMs, intervalMs: 250 }).catch(() => undefined);
  return last;
}

/** Reads the counts of each receipt once they are final, or as they are at the timeout. */
export async function followReceipts(
  { queryUrl }: Deployment,
  attempts: readonly Attempt[],
  timeoutMs = RECEIPTS_TIMEOUT_MS,
): Promise<Map<string, Counts | undefined>> {
  const followed = new Map<string, Counts | undefined>();
  const receipts = attempts.map(({ receipt }) => receipt).filter((receipt) => receipt !== undefined);
  const deadline = Date.now() + timeoutMs;
  const work = async () => {
    for (let receipt = receipts.pop(); receipt !== undefined; receipt = receipts.pop()) {
      followed.set(receipt, await follow(queryUrl, receipt, deadline));
    }
  };
  await Promise.all(Array.from({ length: RECEIPTS_AT_A_TIME }, work));
  return followed;
}

function follow(service: URL, receipt: string, deadline: number): Promise<Counts | undefined> {
  const ask = () => readReceipt(service, receipt).catch(() => undefined);
  const judged = async () => {
    const counts = await ask();
    return counts?.pending === 0 && counts;
  };
  const timeoutMs = Math.max(0, deadline - Date.now());
  return waitFor("the receipt to be judged", judged, { timeoutMs, intervalMs: 250 }).catch(ask);
}
