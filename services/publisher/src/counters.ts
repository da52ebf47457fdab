import { attempt, isAnswer } from "@tidemark/client/http-attempt";
import { pause } from "@tidemark/client/retry";

/** The service's own counters in `/stats`. */
export interface Counters {
  received: number;
  unique: number;
  duplicates: number;
  queued: number;
}

export interface CountersOptions {
  /** The URL of `/publish`; `/stats` is beside it. */
  url: URL;
  apiKey?: string | undefined;
  signal: AbortSignal;
}

/** Reads `/stats`; undefined if it does not answer with valid counters. */
export async function readCounters({ url, apiKey, signal }: CountersOptions): Promise<Counters | undefined> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const answer = await attempt(new URL("stats", url), { headers, timeoutMs: 5_000, signal });
  if (!isAnswer(answer) || answer.status !== 200 || typeof answer.body !== "object") return undefined;
  const body = answer.body as Record<string, unknown> | null;
  const counters = {
    received: body?.received,
    unique: body?.unique_processed,
    duplicates: body?.duplicate_dropped,
    queued: body?.queue_size,
  };
  return Object.values(counters).every(Number.isSafeInteger) ? (counters as Counters) : undefined;
}

/** Reads `/stats` until the queue is empty, for a limited time. Returns the last counters. */
export async function waitUntilDrained(
  options: CountersOptions & { timeoutMs: number },
): Promise<Counters | undefined> {
  const giveUpAt = performance.now() + options.timeoutMs;
  for (;;) {
    const counters = await readCounters(options);
    if (counters?.queued === 0 || performance.now() > giveUpAt || !(await pause(200, options.signal))) return counters;
  }
}
