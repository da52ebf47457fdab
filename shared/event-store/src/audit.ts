/** Recounts the rows and compares them with the books. */
export interface Auditor {
  /**
   * Audits the store in one consistent snapshot, while other transactions write. The time grows with the number of rows.
   * The result is kept as the last audit, balanced or not.
   *
   * @throws {Unavailable} `store_unreachable`
   */
  audit(): Promise<Audit>;
}

export interface Audit {
  /** The time of the snapshot. UTC, six digits of the second. */
  auditedAt: string;
  durationMs: number;
  topicsTotal: number;
  /** Whether no topic differs, the sums over all topics agree, and the duplicates by source are as many as those by topic. */
  isBalanced: boolean;
  booked: AuditCounts;
  counted: AuditCounts;
  /** The sums of the books by source. */
  bySource: { duplicates: number; conflicts: number };
  /** The first hundred topics whose rows and books differ, by name. */
  differences: AuditDifference[];
  /** The number of topics that differ. */
  differencesTotal: number;
}

export interface AuditCounts {
  stored: number;
  /** Includes conflicts. An audit counts the duplicates on record and those pruned. */
  duplicates: number;
  conflicts: number;
  /** An audit counts the dead letters on record and those deleted. */
  deadLettered: number;
}

export interface AuditDifference {
  topic: string;
  booked: AuditCounts;
  counted: AuditCounts;
}

/** The number of differing topics that an audit names: enough to recognise the kind of defect. */
export const MAX_DIFFERENCES = 100;

const KINDS = ["stored", "duplicates", "conflicts", "deadLettered"] as const;

/** Completes an audit with its verdict. */
export function balanceAudit(findings: Omit<Audit, "isBalanced">): Audit {
  const { booked, counted, bySource, differencesTotal } = findings;
  const doSourcesAgree = bySource.duplicates === booked.duplicates && bySource.conflicts === booked.conflicts;
  const doSumsAgree = KINDS.every((kind) => booked[kind] === counted[kind]);
  return { ...findings, isBalanced: differencesTotal === 0 && doSourcesAgree && doSumsAgree };
}
