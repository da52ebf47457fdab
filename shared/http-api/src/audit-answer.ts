import type { Audit, AuditCounts } from "@tidemark/event-store/audit";
import type { AuditAnswer } from "./operations/audit-api.ts";

/** Returns an audit with the field names of the API. */
export function auditAnswer(audit: Audit): AuditAnswer {
  return {
    audited_at: audit.auditedAt,
    duration_ms: audit.durationMs,
    balanced: audit.isBalanced,
    topics_total: audit.topicsTotal,
    booked: countsAnswer(audit.booked),
    counted: countsAnswer(audit.counted),
    by_source: audit.bySource,
    differences: audit.differences.map(({ topic, booked, counted }) => ({
      topic,
      booked: countsAnswer(booked),
      counted: countsAnswer(counted),
    })),
    differences_total: audit.differencesTotal,
  };
}

function countsAnswer({ stored, duplicates, conflicts, deadLettered }: AuditCounts) {
  return { unique: stored, duplicates, conflicts, dead_lettered: deadLettered };
}
