import { attempt, isAnswer } from "@tidemark/client/http-attempt";
import { pause } from "@tidemark/client/retry";

/** The service's own counters, as `/stats` shows them. */
export interface Counters {
  received: number;
  unique: number;
  duplicates: number;
  queued: number;
}

export interface CountersOptions {
  /** Where events are published; `/stats` is its neighbour. */
  url: URL;
  apiKey?: string | undefined;
  signal: AbortSignal;
}

/** Reads `/stats`; undefined when it does not answer with whole counters. */
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

/** Reads `/stats` until nothing is queued, for a bounded time; the last counters seen. */
export async function waitUntilDrained(
  options: CountersOptions & { patienceMs: number },
): Promise<Counters | undefined> {
  const giveUpAt = performance.now() + options.patienceMs;
  for (;;) {
    const counters = await readCounters(options);
    if (counters?.queued === 0 || performance.now() > giveUpAt || !(await pause(200, options.signal))) return counters;
  }
}
