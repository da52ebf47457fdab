import { setTimeout as delay } from "node:timers/promises";

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.5;

export interface PollOptions<Answer> {
  isEnough: (answer: Answer) => boolean;
  waitMs: number;
}

export interface Polled<Answer> {
  answer: Answer;
  /** False if the answer is not enough and was not waited for: too many callers were waiting, or waiting was ended. */
  isHonoured: boolean;
}

export interface Polling {
  /** Reads until an answer is enough or the wait is over, and returns the last answer. */
  pollUntil<Answer>(read: () => Promise<Answer>, options: PollOptions<Answer>): Promise<Polled<Answer>>;
  /** Ends every wait, and lets no later call wait. */
  end(): void;
}

/**
 * Creates polling for a bounded number of callers at once. The pauses between reads grow from 50 to 500 ms: short while
 * verdicts are about to come, cheap while the store is far behind.
 */
export function createPolling({ maxWaiting }: { maxWaiting: number }): Polling {
  const ending = new AbortController();
  let waiting = 0;

  async function pollUntil<Answer>(
    read: () => Promise<Answer>,
    { isEnough, waitMs }: PollOptions<Answer>,
  ): Promise<Polled<Answer>> {
    const deadlineMs = Date.now() + waitMs;
    let answer = await read();
    if (isEnough(answer)) return { answer, isHonoured: true };
    if (waiting >= maxWaiting) return { answer, isHonoured: false };
    waiting++;
    try {
      let pauseMs = FIRST_PAUSE_MS;
      while (Date.now() < deadlineMs) {
        if (ending.signal.aborted) return { answer, isHonoured: false };
        await pause(Math.min(pauseMs, deadlineMs - Date.now()), ending.signal);
        answer = await read();
        if (isEnough(answer)) break;
        pauseMs = Math.min(pauseMs * PAUSE_GROWTH, MAX_PAUSE_MS);
      }
      return { answer, isHonoured: true };
    } finally {
      waiting--;
    }
  }

  return { pollUntil, end: () => ending.abort() };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
