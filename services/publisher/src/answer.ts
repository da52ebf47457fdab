import { readPublishAnswer } from "@tidemark/client/answer";

/** The counts of a publish or a receipt. */
export interface Counts {
  received: number;
  accepted: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  pending: number;
}

/** The counts in an answer; undefined when it has none that make sense. */
export function readCounts(body: unknown): Counts | undefined {
  const answer = readPublishAnswer(body);
  if (answer === undefined) return undefined;
  const { received, accepted, duplicates, conflicts = 0, dead_lettered: deadLettered = 0, pending = 0 } = answer;
  return { received, accepted, duplicates, conflicts, deadLettered, pending };
}
