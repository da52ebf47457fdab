import { type Meaning, readMeaning } from "./answer.ts";
import { type Answer, attempt, isAnswer, type NoAnswer } from "./http-attempt.ts";
import { type Backoff, backoffMs, LONGEST_TIMER_MS, pause, readRetryAfter } from "./retry.ts";

export interface RetryPolicy extends Backoff {
  /** The time limit of one attempt. */
  requestTimeoutMs: number;
  /** The time limit of all attempts and the pauses between them. */
  deadlineMs: number;
}

export interface Interruption {
  /** Aborts the attempt in flight. No other attempt follows. */
  signal?: AbortSignal | undefined;
  /** Ends the retries. The attempt in flight may complete. */
  stop?: AbortSignal | undefined;
}

export interface DeliverOptions {
  url: URL;
  request: RequestInit;
  retryPolicy: RetryPolicy;
  interruption: Interruption;
  /** Whether a 2xx answer is final; otherwise the request is repeated. Default: every 2xx answer is final. */
  isEnough?: (answer: Answer) => boolean;
}

/** The end of a request: its last answer, and the attempts before it. */
export interface Delivery {
  answer: Answer | NoAnswer;
  meaning: Meaning;
  attempts: number;
  /** Attempts whose outcome is unknown. Each may have stored its events, so that a later attempt finds duplicates. */
  doubtfulAttempts: number;
}

/**
 * Makes a request, and repeats it after 429, 5xx and lost answers: the service promises that this is safe. Never repeats
 * it after any other 4xx, nor before `Retry-After`. Another attempt is made only if its whole time limit ends
 * before the deadline, because aborting an attempt leaves its outcome unknown.
 */
export async function deliver({ url, request, isEnough, ...options }: DeliverOptions): Promise<Delivery> {
  const { signal } = options.interruption;
  const { requestTimeoutMs, deadlineMs } = options.retryPolicy;
  const timeoutMs = Math.min(requestTimeoutMs, deadlineMs, LONGEST_TIMER_MS);
  const lastAttemptAt = performance.now() + deadlineMs - timeoutMs;
  let doubtfulAttempts = 0;
  for (let attempts = 1; ; attempts++) {
    const answer = await attempt(url, { ...request, timeoutMs, signal: signal ?? null });
    const meaning = readMeaning(answer);
    if (meaning === "retry, it may have been taken") doubtfulAttempts++;
    const isOver = meaning === "refused" || (meaning === "success" && isAnswer(answer) && (isEnough?.(answer) ?? true));
    if (isOver || !(await pauseBeforeRetry({ answer, failures: attempts, lastAttemptAt, ...options }))) {
      return { answer, meaning, attempts, doubtfulAttempts };
    }
  }
}

interface Failure extends Pick<DeliverOptions, "retryPolicy" | "interruption"> {
  answer: Answer | NoAnswer;
  failures: number;
  lastAttemptAt: number;
}

/** Waits before another attempt. Returns false if the deadline or an interruption forbids one. */
async function pauseBeforeRetry({ answer, failures, lastAttemptAt, retryPolicy, interruption }: Failure) {
  const retryAfterMs = isAnswer(answer) ? readRetryAfter(answer.headers.get("retry-after"), Date.now()) : 0;
  const waitMs = backoffMs(failures, retryAfterMs, retryPolicy);
  return performance.now() + waitMs <= lastAttemptAt && pause(waitMs, interruption.signal, interruption.stop);
}
