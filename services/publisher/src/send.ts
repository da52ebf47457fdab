import { type Counts, describeFailure, readCounts, readMeaning } from "./answer.ts";
import { type Answer, attempt, isAnswer, type NoAnswer } from "./http-attempt.ts";
import { backoffMs, pause, readRetryAfter } from "./retry.ts";

export interface SendOptions {
  url: URL;
  apiKey?: string | undefined;
  requestTimeoutMs: number;
  retryForMs: number;
  /** Ends the waiting between attempts; the request under way gets its answer. */
  stop: AbortSignal;
  /** Breaks off the request under way. */
  abort: AbortSignal;
}

/** What became of one request. */
export interface Outcome {
  /** `answered`: the verdict is in. `refused`: nothing was stored. `unknown`: nobody told. */
  result: "answered" | "refused" | "unknown";
  /** Set when answered. */
  counts?: Counts;
  /** Set when not answered. */
  reason?: string;
  attempts: number;
  /** Attempts whose answer was lost: each may have been taken, so that a later one is told of duplicates. */
  doubtfulAttempts: number;
  /** How long the answered attempt took. */
  ms?: number;
}

/**
 * Publishes one body and stays with it until it is judged, refused, or given up. Tries again after 429, 5xx and lost
 * answers, which the service promises to be safe; never after any other 4xx. After a 202 it asks the receipt.
 */
export async function sendRequest(body: string, options: SendOptions): Promise<Outcome> {
  const giveUpAt = performance.now() + options.retryForMs;
  let doubtfulAttempts = 0;
  for (let attempts = 1; ; attempts++) {
    const answer = await post(body, options);
    const meaning = readMeaning(answer);
    if (isAnswer(answer) && meaning === "judged") {
      return { attempts, doubtfulAttempts, ...(await readVerdict(answer, options)) };
    }
    if (meaning === "retry, it may have been taken") doubtfulAttempts++;
    if (meaning === "refused" || !(await pauseBeforeRetry(answer, attempts, giveUpAt, options))) {
      const result = doubtfulAttempts > 0 ? "unknown" : "refused";
      return { attempts, doubtfulAttempts, result, reason: describeFailure(answer) };
    }
  }
}

/** Whether there is to be another attempt: false once the time is up or the run is stopping. */
async function pauseBeforeRetry(
  answer: Answer | NoAnswer,
  failures: number,
  giveUpAt: number,
  { stop }: SendOptions,
): Promise<boolean> {
  const retryAfterMs = isAnswer(answer) ? readRetryAfter(answer.headers.get("retry-after"), Date.now()) : 0;
  const waitMs = backoffMs(failures, retryAfterMs);
  return performance.now() + waitMs <= giveUpAt && pause(waitMs, stop);
}

function post(body: string, options: SendOptions) {
  const headers = { ...authorization(options), "content-type": "application/json" };
  return attempt(options.url, { method: "POST", headers, body, ...limits(options) });
}

function limits({ requestTimeoutMs, abort }: SendOptions) {
  return { timeoutMs: requestTimeoutMs, signal: abort };
}

function authorization({ apiKey }: Pick<SendOptions, "apiKey">): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

type Verdict = Pick<Outcome, "result" | "counts" | "reason" | "ms">;

async function readVerdict(answer: Answer, options: SendOptions): Promise<Verdict> {
  const counts = readCounts(answer.body);
  if (counts === undefined) return { result: "unknown", reason: `${answer.status} without counts` };
  if (counts.pending === 0 && answer.status !== 202) return { result: "answered", counts, ms: answer.ms };
  const location = answer.headers.get("location");
  if (location === null) return { result: "unknown", reason: `${answer.status} without a Location` };
  const judged = await followReceipt(new URL(location, options.url), options);
  return judged === undefined
    ? { result: "unknown", reason: "the receipt was not judged in time" }
    : { result: "answered", counts: judged, ms: answer.ms };
}

/** Asks the receipt until nothing is pending; undefined when that takes longer than retries may. */
async function followReceipt(url: URL, options: SendOptions): Promise<Counts | undefined> {
  const giveUpAt = performance.now() + options.retryForMs;
  const headers = { ...authorization(options), prefer: "wait=10" };
  for (let attempts = 1; ; attempts++) {
    const answer = await attempt(url, { headers, ...limits(options) });
    const meaning = readMeaning(answer);
    const counts = isAnswer(answer) && meaning === "judged" ? readCounts(answer.body) : undefined;
    if (counts?.pending === 0) return counts;
    if (meaning === "refused" || !(await pauseBeforeRetry(answer, attempts, giveUpAt, options))) return undefined;
  }
}
