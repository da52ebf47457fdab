import {
  type Audit,
  type AuditCounts,
  type AuditDifference,
  balanceAudit,
  MAX_DIFFERENCES,
} from "@tidemark/event-store/audit";
import { type Session, withSession } from "../connection/session.ts";
import { statementFile } from "../connection/statement-file.ts";

const AUDIT = statementFile(new URL("audit.sql", import.meta.url));

const KEEP = `
  INSERT INTO last_audit (report) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET report = excluded.report`;

export interface PostgresAuditOptions {
  url: string;
  /** Ends the audit. */
  signal?: AbortSignal;
}

/** Audits a database and keeps the result in it. @throws {Unavailable} `store_unreachable` */
export function auditPostgres(options: PostgresAuditOptions): Promise<Audit> {
  return withAuditSession({ ...options, isReadOnly: false }, async (session) => {
    const audit = await recount(session);
    await session.query(KEEP, [JSON.stringify(audit)]);
    return audit;
  });
}

/** Audits a database without changing it. The right to read is enough, and a standby can answer. */
export function verifyPostgres(options: PostgresAuditOptions): Promise<Audit> {
  return withAuditSession({ ...options, isReadOnly: true }, recount);
}

/**
 * Opens the connection for an audit, which reads whole tables. It has no time limit, and the server chooses the plans
 * freely. The server notices within seconds when the connection was cut.
 */
function withAuditSession(
  { isReadOnly, ...options }: PostgresAuditOptions & { isReadOnly: boolean },
  audit: (session: Session) => Promise<Audit>,
): Promise<Audit> {
  const settings = `-c jit=on -c client_connection_check_interval=5s -c default_transaction_read_only=${isReadOnly}`;
  return withSession({ ...options, applicationName: "tidemark-audit", timeoutMs: 0, settings }, audit);
}

interface AuditRow {
  audited_at: string;
  topics_total: string;
  booked: AuditCounts;
  counted: AuditCounts;
  by_source: { duplicates: number; conflicts: number };
  differences: AuditDifference[];
  differences_total: string;
}

/** Audits the rows that a statement of this connection sees. */
export async function recount(session: Pick<Session, "query">): Promise<Audit> {
  const beganAtMs = performance.now();
  const { rows } = await session.query<AuditRow>(await AUDIT(), [MAX_DIFFERENCES]);
  const [row] = rows;
  if (row === undefined) throw new Error("the audit came without a row");
  return balanceAudit({
    auditedAt: row.audited_at,
    durationMs: Math.round(performance.now() - beganAtMs),
    topicsTotal: Number(row.topics_total),
    booked: row.booked,
    counted: row.counted,
    bySource: row.by_source,
    differences: row.differences,
    differencesTotal: Number(row.differences_total),
  });
}
