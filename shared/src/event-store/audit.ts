/** Recounts the rows and compares with the books. */
export interface Auditor {
  /** In one consistent snapshot, while others write. Takes time by the number of rows. Kept as the last audit. */
  audit(): Promise<Audit>;
}

export interface Audit {
  /** UTC, six digits of the second. */
  auditedAt: string;
  durationMs: number;
  topicsTotal: number;
  isBalanced: boolean;
  booked: AuditCounts;
  counted: AuditCounts;
  /** The first hundred topics whose rows and books differ, by name. */
  differences: { topic: string; booked: AuditCounts; counted: AuditCounts }[];
}

export interface AuditCounts {
  unique: number;
  /** Conflicts included; counted: those on record and those pruned. */
  duplicates: number;
  conflicts: number;
  /** Counted: dead letters on record and those deleted. */
  deadLettered: number;
}
