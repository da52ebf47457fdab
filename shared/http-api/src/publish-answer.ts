import type { VerdictCounts } from "@tidemark/domain/verdict";

/** What a sender is told of a request: the body of a publish answer and of a receipt. */
export interface PublishAnswer {
  received: number;
  accepted: number;
  /** Conflicts included. */
  duplicates: number;
  /** Present when there are any. */
  conflicts?: number;
  /** Present when there are any. */
  dead_lettered?: number;
  /** Present in an answer that came before the verdicts, and in every receipt. */
  pending?: number;
  /** Present where good events were let through beside bad ones (`Prefer: handling=lenient`): the bad ones. */
  rejected?: Rejection[];
  /** Present where it was asked for (`Prefer: return=representation`): what became of each event, in the order of the request. */
  results?: Result[];
  message: string;
}

/** An event that breaks a rule: `received` does not count it. */
export interface Rejection {
  /** Its place among the events of the request, from 0. */
  index: number;
  /** JSON Pointer into the body. */
  pointer: string;
  reason: string;
  /** The line, from 1, where the body is lines. */
  line?: number;
}

export interface Result {
  /** Null where it is not one. */
  topic: string | null;
  event_id: string | null;
  status: "stored" | "duplicate" | "conflict" | "rejected" | "pending";
}

export interface AnswerCounts extends VerdictCounts {
  /** Events whose verdict is not in yet. Left out of the answer when it is left out here; 0 is shown. */
  pending?: number;
  rejected?: Rejection[] | undefined;
  results?: Result[] | undefined;
}

/** Words the counts of a request: `received` is their sum. */
export function publishAnswer(counts: AnswerCounts): PublishAnswer {
  const { accepted, duplicates, conflicts, deadLettered, pending, rejected, results } = counts;
  const received = accepted + duplicates + deadLettered + (pending ?? 0);
  const parts = [
    `Received ${counted(received, "event")}`,
    `accepted ${accepted}`,
    `dropped ${counted(duplicates, "duplicate")}`,
  ];
  if (deadLettered > 0) parts.push(`dead-lettered ${deadLettered}`);
  if (rejected !== undefined && rejected.length > 0) parts.push(`rejected ${rejected.length}`);
  if (pending) parts.push(`${pending} pending`);
  return {
    received,
    accepted,
    duplicates,
    ...(conflicts > 0 ? { conflicts } : {}),
    ...(deadLettered > 0 ? { dead_lettered: deadLettered } : {}),
    ...(pending === undefined ? {} : { pending }),
    ...(rejected === undefined ? {} : { rejected }),
    ...(results === undefined ? {} : { results }),
    message: parts.join(", "),
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
