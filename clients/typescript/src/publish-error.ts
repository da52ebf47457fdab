import { describeFailure, readProblem } from "./answer.ts";
import type { Fault, IdentifiedEvent } from "./contract.ts";
import type { Delivery } from "./deliver.ts";
import { isAnswer } from "./http-attempt.ts";

/**
 * - `refused`: the service refused the request, and would again; none of its events was stored.
 * - `not taken`: given up; no event was stored.
 * - `unknown`: given up; the events may have been stored. Sending them again with the same ids is safe.
 */
export type FailedOutcome = "refused" | "not taken" | "unknown";

export interface PublishFailure {
  outcome: FailedOutcome;
  reason: string;
  events?: readonly IdentifiedEvent[] | undefined;
  status?: number | undefined;
  code?: string | undefined;
  faults?: readonly Fault[] | undefined;
  attempts?: number;
  doubtfulAttempts?: number;
  cause?: unknown;
}

const MEANINGS: Record<FailedOutcome, string> = {
  refused: "refused",
  "not taken": "given up, nothing was taken",
  unknown: "given up, it may have been taken (sending it again with the same ids is safe)",
};

/** Events were not published, or it is unknown whether they were. Retries have been made already. */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly outcome: FailedOutcome;
  /** The reason, without the outcome. */
  readonly reason: string;
  /** The events with their ids, to publish them again. Empty if a text was published. */
  readonly events: readonly IdentifiedEvent[];
  /** The HTTP status of the last answer; undefined if none came. */
  readonly status: number | undefined;
  /** The stable name of the problem: the service's, or the batcher's `batcher_full`, `batcher_closed`, `unwritable_event`. */
  readonly code: string | undefined;
  /** The first hundred faults of the request. From a batcher: the faults of this event, with pointers relative to the event. */
  readonly faults: readonly Fault[];
  readonly attempts: number;
  /** Attempts whose outcome is unknown. */
  readonly doubtfulAttempts: number;

  constructor({ outcome, reason, cause, ...details }: PublishFailure) {
    super(`${nameOf(details.events ?? [])}${MEANINGS[outcome]}: ${reason}`, { cause });
    this.outcome = outcome;
    this.reason = reason;
    this.events = details.events ?? [];
    this.status = details.status;
    this.code = details.code;
    this.faults = details.faults ?? [];
    this.attempts = details.attempts ?? 0;
    this.doubtfulAttempts = details.doubtfulAttempts ?? 0;
  }

  /** The JSON Pointer (RFC 6901) of the first fault. */
  get pointer(): string | undefined {
    return this.faults[0]?.pointer;
  }
}

function nameOf([event, ...others]: readonly IdentifiedEvent[]): string {
  if (event === undefined || others.length > 0) return "";
  return `event ${JSON.stringify(event.event_id)} of ${JSON.stringify(event.topic)}: `;
}

/**
 * Whether an earlier attempt may have stored the events of a request that was refused. A dead letter is a verdict: whichever
 * attempt brought the event, the store has refused it.
 */
export function isDoubtful(doubtfulAttempts: number, code: string | undefined): boolean {
  return doubtfulAttempts > 0 && code !== "dead_lettered";
}

/** Creates the error of a request that did not end with a 2xx. */
export function createPublishError(delivery: Delivery, more: Pick<PublishFailure, "events" | "cause">): PublishError {
  const { answer, meaning, attempts, doubtfulAttempts } = delivery;
  const { code, errors } = isAnswer(answer) ? (readProblem(answer.body) ?? {}) : {};
  return new PublishError({
    outcome: isDoubtful(doubtfulAttempts, code) ? "unknown" : meaning === "refused" ? "refused" : "not taken",
    reason: describeFailure(answer),
    status: isAnswer(answer) ? answer.status : undefined,
    code,
    faults: errors,
    attempts,
    doubtfulAttempts,
    ...more,
  });
}

/** Creates the error of a receipt that could not be followed to the end. The events are durable in any case. */
export function createReceiptError({ answer, meaning, attempts }: Delivery): PublishError {
  const isPending = isAnswer(answer) && meaning === "success";
  return new PublishError({
    outcome: "unknown",
    reason: isPending
      ? "events of the receipt were still pending at the deadline"
      : `the receipt could not be read: ${describeFailure(answer)}`,
    status: isAnswer(answer) ? answer.status : undefined,
    code: isAnswer(answer) ? readProblem(answer.body)?.code : undefined,
    attempts,
  });
}
