import type { VerdictCounts } from "@tidemark/domain/verdict";

/** The body of a publish answer and of a receipt. */
export interface PublishAnswer {
  received: number;
  accepted: number;
  /** Events stored already, or repeated within the request; includes conflicts. */
  duplicates: number;
  /** Present when there are any. */
  conflicts?: number;
  /** Present when there are any. */
  dead_lettered?: number;
  /** Present in an answer that was given before the verdicts, and in every receipt. */
  pending?: number;
  /** The events that break a rule. Present with `Prefer: handling=lenient`, which lets the other events through. */
  rejected?: Rejection[];
  /** The outcome of each event, in the order of the request. Present with `Prefer: return=representation`. */
  results?: Result[];
  message: string;
}

/** An event that breaks a rule: `received` does not count it. */
export interface Rejection {
  /** The index among the events of the request, from 0. */
  index: number;
  /** JSON Pointer into the body. */
  pointer: string;
  reason: string;
  /** The line, from 1, if the body is NDJSON. */
  line?: number;
}

export interface Result {
  /** Null if the event has no valid one. */
  topic: string | null;
  event_id: string | null;
  status: "stored" | "duplicate" | "conflict" | "rejected" | "pending";
}

export interface AnswerCounts extends VerdictCounts {
  /** Events without a verdict yet. Left out of the answer if it is left out here; 0 is shown. */
  pending?: number;
  rejected?: Rejection[];
  results?: Result[];
}

/** Returns the answer with the counts of a request, whose sum is `received`. */
export function publishAnswer(counts: AnswerCounts): PublishAnswer {
  const { accepted, duplicates, conflicts, deadLettered, pending, rejected, results } = counts;
  const received = accepted + duplicates + deadLettered + (pending ?? 0);
  const parts = [
    `Received ${counted(received, "event")}`,
    `accepted ${accepted}`,
    `dropped ${counted(duplicates, "duplicate")}${conflicts > 0 ? ` (${counted(conflicts, "conflict")})` : ""}`,
  ];
  if (deadLettered > 0) parts.push(`dead-lettered ${deadLettered}`);
  if (rejected !== undefined && rejected.length > 0) parts.push(`rejected ${rejected.length}`);
  if (pending) parts.push(`${pending} pending`);
  return {
    received,
    accepted,
    duplicates,
    conflicts: conflicts > 0 ? conflicts : undefined,
    dead_lettered: deadLettered > 0 ? deadLettered : undefined,
    pending,
    rejected,
    results,
    message: parts.join(", "),
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
