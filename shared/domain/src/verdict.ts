/**
 * The store's verdict on one event, as one character. The verdicts of a frame are therefore a short text, which travels to
 * the gateway and stays in the ledger for receipts and redeliveries.
 */
export const STORED = "s";
export const DUPLICATE = "d";
/** A duplicate whose content differs from the stored event. It also counts as a duplicate. */
export const CONFLICT = "c";
export const DEAD_LETTER = "x";

/** The verdicts of several events, one character for each, in the order of the events. */
export type Verdicts = string;

/** Whether a text consists of verdicts that this code knows. */
export function areVerdicts(text: string): text is Verdicts {
  return /^[sdcx]+$/.test(text);
}

/** The fields of an event that a duplicate may be compared by. */
export const COMPARED_FIELDS = ["source", "timestamp", "payload", "attributes"] as const;

/** The fields whose difference makes a duplicate a conflict. `source` is always one of them. */
export type ConflictFields = readonly (typeof COMPARED_FIELDS)[number][];

export interface VerdictCounts {
  accepted: number;
  /** Including conflicts. */
  duplicates: number;
  conflicts: number;
  deadLettered: number;
}

/** Counts the verdicts in `[start, end)`. */
export function countVerdicts(verdicts: Verdicts, start = 0, end = verdicts.length): VerdictCounts {
  const counts: VerdictCounts = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
  for (let index = start; index < end; index++) {
    const verdict = verdicts[index];
    if (verdict === STORED) counts.accepted++;
    else if (verdict === DUPLICATE) counts.duplicates++;
    else if (verdict === DEAD_LETTER) counts.deadLettered++;
    else if (verdict === CONFLICT) {
      counts.duplicates++;
      counts.conflicts++;
    } else throw new Error(`not a verdict: ${JSON.stringify(verdict)}`);
  }
  return counts;
}
