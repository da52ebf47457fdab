import type { Counts } from "@tidemark/client/answer";
import type { Burden } from "./sent-event.ts";

/** One attempt to publish, as the client knows it. */
export interface Attempt {
  /**
   * The events by number. The last is the probe, which no other attempt carries. A request is stored as a whole or not at
   * all, so the probe shows the outcome of an attempt whose answer was lost.
   */
  numbers: readonly number[];
  /** The other events, each of which must become a dead letter, because the database takes too long for it. */
  slow: readonly number[];
  /** `ok`: 200 or 202. `failed`: refused. `unknown`: no answer came, or one that leaves the outcome open. */
  outcome: "ok" | "failed" | "unknown";
  /** `performance.now()` at the beginning of the attempt, and when its answer was complete. */
  beganAtMs: number;
  endedAtMs: number;
  /** The status and problem code of the answer, or the error of the connection. */
  answer: string;
  /** The counts of a 200. */
  counts?: Counts | undefined;
  /** The path of the receipt of a 202. */
  receipt?: string | undefined;
  /** The number of events, the first ones, whose content differs from what was stored under their key before. */
  conflicts: number;
  /** Whether one of the events is invalid on purpose. */
  isBad: boolean;
}

/** An attempt whose outcome is known from the store. */
export interface ResolvedAttempt extends Attempt {
  /** Whether the events were stored. */
  isTaken: boolean;
}

export function probeOf({ numbers }: Pick<Attempt, "numbers">): number {
  return numbers.at(-1) as number;
}

/** The number of events in an attempt. */
export function sizeOf({ numbers, slow }: Pick<Attempt, "numbers" | "slow">): number {
  return numbers.length + slow.length;
}

/** All attempts of the client, in the order in which they ended. */
export class Tally {
  readonly attempts: Attempt[] = [];
  /** The producers' clock in milliseconds when each event was first sent, by event number. */
  readonly clockMs: number[] = [];
  /** The large and the slow events, by event number. */
  readonly burdens = new Map<number, Burden>();
  /** The number of events in successful attempts. */
  okCopies = 0;
  /** Events that are known to be stored, because their requests were answered 200. */
  readonly settled: number[] = [];

  record(attempt: Attempt): void {
    this.attempts.push(attempt);
    if (attempt.counts !== undefined) this.settled.push(attempt.numbers[0] as number);
    if (attempt.outcome === "ok") this.okCopies += sizeOf(attempt);
  }

  countCopies(outcome?: Attempt["outcome"]): number {
    return this.attempts
      .filter((attempt) => outcome === undefined || attempt.outcome === outcome)
      .reduce((sum, attempt) => sum + sizeOf(attempt), 0);
  }
}
