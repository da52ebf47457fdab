import { attempt, isAnswer } from "@tidemark/client/http-attempt";
import { pause } from "@tidemark/client/retry";

/** The time that a service has to start: longer than its start takes, and short for a person who has named a wrong URL. */
export const REACH_TIMEOUT_MS = 20_000;

const PAUSE_MS = 500;
const ATTEMPT_TIMEOUT_MS = 5_000;

export interface ReachOptions {
  /** The URL of `/publish`. The attempts go to `/stats` beside it, which stores nothing. */
  url: URL;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Tries to connect until the service takes a connection, until the time limit, or until the signal fires.
 *
 * @returns the reason if no connection was made within the time limit, otherwise undefined
 */
export async function findUnreachable({ url, timeoutMs, signal }: ReachOptions): Promise<string | undefined> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const answer = await attempt(new URL("stats", url), { timeoutMs: ATTEMPT_TIMEOUT_MS, signal });
    if (isAnswer(answer) || answer.wasSent || signal.aborted) return undefined;
    if (performance.now() + PAUSE_MS > giveUpAt) return answer.reason;
    await pause(PAUSE_MS, signal);
  }
}
