import type { Counts } from "@tidemark/client/answer";

/** What the client knows of one attempt to publish. */
export interface Attempt {
  /**
   * The events, by number. The last is the attempt's probe: no other attempt carries it. A request is taken whole or not
   * at all, so whether the probe is stored says what became of an attempt whose answer was lost.
   */
  numbers: readonly number[];
  /** `ok`: 200 or 202. `failed`: a definite refusal. `unknown`: nobody told. */
  outcome: "ok" | "failed" | "unknown";
  /** `performance.now()` when it began, and when its answer was there. */
  beganAtMs: number;
  endedAtMs: number;
  /** The answer's status and problem code, or what became of the connection. */
  answer: string;
  /** With 200: the counts. */
  counts?: Counts | undefined;
  /** With 202: the receipt's path. */
  receipt?: string | undefined;
  /** How many of its copies, the first ones, differ from what was stored under their key before. */
  conflicts: number;
  /** One of its events breaks a rule on purpose. */
  isBad: boolean;
}

/** An attempt, once the store was read. */
export interface ResolvedAttempt extends Attempt {
  /** Whether its events were taken. */
  isTaken: boolean;
}

export function probeOf({ numbers }: Pick<Attempt, "numbers">): number {
  return numbers.at(-1) as number;
}

/** Everything the client did, in the order in which attempts ended. */
export class Tally {
  readonly attempts: Attempt[] = [];
  /** Where the producers' clock stood when the event of that number was first sent, milliseconds. */
  readonly clockMs: number[] = [];
  /** Copies in attempts answered ok. */
  okCopies = 0;
  /** Events known to be stored: their requests were answered 200. */
  readonly settled: number[] = [];

  record(attempt: Attempt): void {
    this.attempts.push(attempt);
    if (attempt.counts !== undefined) this.settled.push(attempt.numbers[0] as number);
    if (attempt.outcome === "ok") this.okCopies += attempt.numbers.length;
  }

  countCopies(outcome?: Attempt["outcome"]): number {
    return this.attempts
      .filter((attempt) => outcome === undefined || attempt.outcome === outcome)
      .reduce((sum, { numbers }) => sum + numbers.length, 0);
  }
}
