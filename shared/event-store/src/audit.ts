/** Recounts the rows and compares with the books. */
export interface Auditor {
  /**
   * In one consistent snapshot, while others write. Takes time by the number of rows. Kept as the last audit, balanced or
   * not. @throws {Unavailable} `store_unreachable`
   */
  audit(): Promise<Audit>;
}

export interface Audit {
  /** UTC, six digits of the second: when the snapshot was taken. */
  auditedAt: string;
  durationMs: number;
  topicsTotal: number;
  /** No topic differs, and the copies counted by source are as many as those counted by topic. */
  isBalanced: boolean;
  booked: AuditCounts;
  counted: AuditCounts;
  /** What the books by source add up to. */
  bySource: { duplicates: number; conflicts: number };
  /** The first hundred topics whose rows and books differ, by name. */
  differences: AuditDifference[];
  /** How many topics differ. */
  differencesTotal: number;
}

export interface AuditCounts {
  stored: number;
  /** Conflicts included; counted: those on record and those pruned. */
  duplicates: number;
  conflicts: number;
  /** Counted: dead letters on record and those deleted. */
  deadLettered: number;
}

export interface AuditDifference {
  topic: string;
  booked: AuditCounts;
  counted: AuditCounts;
}

/** How many differing topics an audit names: enough to see which kind of defect it is, whatever became of the rest. */
export const MAX_DIFFERENCES = 100;

/** Completes an audit with its verdict. */
export function balanceAudit(findings: Omit<Audit, "isBalanced">): Audit {
  const { booked, bySource, differencesTotal } = findings;
  const doSourcesAgree = bySource.duplicates === booked.duplicates && bySource.conflicts === booked.conflicts;
  return { ...findings, isBalanced: differencesTotal === 0 && doSourcesAgree };
}
