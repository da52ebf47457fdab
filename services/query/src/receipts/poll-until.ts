import { setTimeout as delay } from "node:timers/promises";
import type { Places } from "@tidemark/runtime/limits/places";

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.5;

export interface PollOptions<Answer> {
  isEnough: (answer: Answer) => boolean;
  waitMs: number;
  /** The client that waits. */
  clientId: string;
}

export interface Polled<Answer> {
  answer: Answer;
  /** False if the answer is not enough and the call could not wait, because no place was free or waiting has ended. */
  isHonoured: boolean;
}

export interface Polling {
  /** Reads until an answer is enough or the wait is over, and returns the last answer. */
  pollUntil<Answer>(read: () => Promise<Answer>, options: PollOptions<Answer>): Promise<Polled<Answer>>;
  /** Ends every wait. Later calls do not wait. */
  end(): void;
}

/**
 * Creates polling for as many callers at once as there are places. The pauses between reads grow from 50 to 500 ms.
 * Short ones find verdicts that arrive soon, and long ones cost little while the store is far behind.
 */
export function createPolling({ places }: { places: Pick<Places, "tryEnter"> }): Polling {
  const ending = new AbortController();

  async function pollUntil<Answer>(
    read: () => Promise<Answer>,
    { isEnough, waitMs, clientId }: PollOptions<Answer>,
  ): Promise<Polled<Answer>> {
    const deadlineMs = Date.now() + waitMs;
    let answer = await read();
    if (isEnough(answer)) return { answer, isHonoured: true };
    const leave = places.tryEnter(clientId);
    if (leave === undefined) return { answer, isHonoured: false };
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
      leave();
    }
  }

  return { pollUntil, end: () => ending.abort() };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
