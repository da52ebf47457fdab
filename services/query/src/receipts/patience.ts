import { setTimeout as delay } from "node:timers/promises";

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.5;

export interface UntilOptions<Answer> {
  isEnough: (answer: Answer) => boolean;
  waitMs: number;
}

export interface Waited<Answer> {
  answer: Answer;
  /** False when too many were waiting already, or all waiting was ended: the answer is that of the moment. */
  isHonoured: boolean;
}

export interface Patience {
  /** Reads until the answer is enough or the wait is over; the last answer counts. */
  until<Answer>(read: () => Promise<Answer>, options: UntilOptions<Answer>): Promise<Waited<Answer>>;
  /** Ends all waiting, now and from now on. */
  end(): void;
}

/**
 * Waits for answers to become enough, for a bounded number of requests at once. The pauses grow from 50 to 500 ms: quick
 * where a verdict is on its way, cheap where the store is behind for long.
 */
export function createPatience({ maxWaiting }: { maxWaiting: number }): Patience {
  const ended = new AbortController();
  let waiting = 0;

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: ended.signal }).catch(() => {});
  }

  return {
    async until(read, { isEnough, waitMs }) {
      const deadline = Date.now() + waitMs;
      let answer = await read();
      if (isEnough(answer)) return { answer, isHonoured: true };
      if (waiting >= maxWaiting) return { answer, isHonoured: false };
      waiting++;
      try {
        for (
          let pauseMs = FIRST_PAUSE_MS;
          Date.now() < deadline;
          pauseMs = Math.min(pauseMs * PAUSE_GROWTH, MAX_PAUSE_MS)
        ) {
          if (ended.signal.aborted) return { answer, isHonoured: false };
          await pause(Math.min(pauseMs, deadline - Date.now()));
          answer = await read();
          if (isEnough(answer)) break;
        }
        return { answer, isHonoured: true };
      } finally {
        waiting--;
      }
    },
    end: () => ended.abort(),
  };
}
