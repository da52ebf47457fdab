import type { VerdictCounts } from "../verdict.ts";

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
  message: string;
}

export interface AnswerCounts extends VerdictCounts {
  /** Events whose verdict is not in yet. Left out of the answer when it is left out here; 0 is shown. */
  pending?: number;
}

/** Words the counts of a request: `received` is their sum. */
export function publishAnswer({ accepted, duplicates, conflicts, deadLettered, pending }: AnswerCounts): PublishAnswer {
  const received = accepted + duplicates + deadLettered + (pending ?? 0);
  const parts = [
    `Received ${counted(received, "event")}`,
    `accepted ${accepted}`,
    `dropped ${counted(duplicates, "duplicate")}`,
  ];
  if (deadLettered > 0) parts.push(`dead-lettered ${deadLettered}`);
  if (pending) parts.push(`${pending} pending`);
  return {
    received,
    accepted,
    duplicates,
    ...(conflicts > 0 ? { conflicts } : {}),
    ...(deadLettered > 0 ? { dead_lettered: deadLettered } : {}),
    ...(pending === undefined ? {} : { pending }),
    message: parts.join(", "),
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
