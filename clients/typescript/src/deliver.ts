import { type Meaning, readMeaning } from "./answer.ts";
import { type Answer, attempt, isAnswer, type NoAnswer } from "./http-attempt.ts";
import { type Backoff, backoffMs, LONGEST_TIMER_MS, pause, readRetryAfter } from "./retry.ts";

export interface Patience extends Backoff {
  /** How long one attempt may take. */
  requestTimeoutMs: number;
  /** How long all attempts and the pauses between them may take. */
  deadlineMs: number;
}

export interface Interruption {
  /** Breaks off the attempt under way, and makes no other. */
  signal?: AbortSignal | undefined;
  /** Makes no other attempt; the one under way gets its answer. */
  stop?: AbortSignal | undefined;
}

export interface DeliverOptions {
  url: URL;
  request: RequestInit;
  patience: Patience;
  interruption: Interruption;
  /** Whether an answer of 2xx is what was asked for; otherwise it is asked again. Without it, every one is. */
  isEnough?: (answer: Answer) => boolean;
}

/** How a request ended: its last answer, and what led to it. */
export interface Delivery {
  answer: Answer | NoAnswer;
  meaning: Meaning;
  attempts: number;
  /** Attempts whose outcome nobody told: each may have been taken, so that a later one is told of duplicates. */
  doubtfulAttempts: number;
}

/**
 * Makes one request and stays with it: again after 429, 5xx and lost answers, which the service promises to be safe, never
 * after any other 4xx, and no sooner than `Retry-After` says. Ends in time: another attempt is made only where it can take
 * its whole time before the deadline, since cutting one short would leave its outcome unknown.
 */
export async function deliver({ url, request, isEnough, ...options }: DeliverOptions): Promise<Delivery> {
  const { signal } = options.interruption;
  const { requestTimeoutMs, deadlineMs } = options.patience;
  const timeoutMs = Math.min(requestTimeoutMs, deadlineMs, LONGEST_TIMER_MS);
  const lastAttemptAt = performance.now() + deadlineMs - timeoutMs;
  let doubtfulAttempts = 0;
  for (let attempts = 1; ; attempts++) {
    const answer = await attempt(url, { ...request, timeoutMs, signal: signal ?? null });
    const meaning = readMeaning(answer);
    if (meaning === "retry, it may have been taken") doubtfulAttempts++;
    const isOver = meaning === "refused" || (meaning === "judged" && isAnswer(answer) && (isEnough?.(answer) ?? true));
    if (isOver || !(await pauseBeforeRetry({ answer, failures: attempts, lastAttemptAt, ...options }))) {
      return { answer, meaning, attempts, doubtfulAttempts };
    }
  }
}

interface Failure extends Pick<DeliverOptions, "patience" | "interruption"> {
  answer: Answer | NoAnswer;
  failures: number;
  lastAttemptAt: number;
}

/** Whether there is to be another attempt: false once the time is up or somebody interrupted. */
async function pauseBeforeRetry({ answer, failures, lastAttemptAt, patience, interruption }: Failure) {
  const retryAfterMs = isAnswer(answer) ? readRetryAfter(answer.headers.get("retry-after"), Date.now()) : 0;
  const waitMs = backoffMs(failures, retryAfterMs, patience);
  return performance.now() + waitMs <= lastAttemptAt && pause(waitMs, interruption.signal, interruption.stop);
}
