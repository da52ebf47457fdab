import type { Counts } from "@tidemark/client/answer";
import { waitFor } from "@tidemark/test-support/wait-for";
import { readReceipt, readStats, type Stats } from "./reader.ts";
import type { Attempt } from "./tally.ts";
import type { World } from "./world.ts";

const DRAIN_TIMEOUT_MS = 300_000;
// Longer than the log waits before it delivers a frame again whose acknowledgement got lost: until then it holds that frame.
const DRIFT_TIMEOUT_MS = 60_000;
const RECEIPTS_TIMEOUT_MS = 120_000;
const RECEIPTS_AT_A_TIME = 16;

/** Waits until the queue is empty; says what was left when it does not become so. */
export async function drain({ queryUrl }: World): Promise<string | undefined> {
  const isEmpty = async () => {
    const { queue_size: queued, received } = await readStats(queryUrl);
    if (queued !== 0) throw new Error(`${queued} of ${received} events queued`);
    return true;
  };
  try {
    await waitFor("the queue to be empty", isEmpty, { timeoutMs: DRAIN_TIMEOUT_MS, intervalMs: 250 });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `/stats` once it tells its drift, which it may not know while frames are held back; as it is when the time is up. */
export async function readSettledStats(queryUrl: URL, timeoutMs = DRIFT_TIMEOUT_MS): Promise<Stats> {
  let stats = await readStats(queryUrl);
  const isTold = async () => {
    if (stats.drift === null) stats = await readStats(queryUrl);
    return stats.drift !== null;
  };
  await waitFor("the drift to be told", isTold, { timeoutMs, intervalMs: 250 }).catch(() => undefined);
  return stats;
}

/** Each receipt's counts: judged, or what they are when the time is up. */
export async function followReceipts(
  { queryUrl }: World,
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
