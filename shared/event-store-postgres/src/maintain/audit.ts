import {
  type Audit,
  type AuditCounts,
  type AuditDifference,
  balanceAudit,
  MAX_DIFFERENCES,
} from "@tidemark/event-store/audit";
import type pg from "pg";
import { withLongConnection } from "../connection/connections.ts";
import { translatingErrors } from "../connection/errors.ts";

export interface PostgresAuditOptions {
  url: string;
  /** Gives the recount up. */
  signal?: AbortSignal;
}

/** Recounts a database and keeps the result in it. @throws {Unavailable} `store_unreachable` */
export function auditPostgres(options: PostgresAuditOptions): Promise<Audit> {
  return withLongConnection({ ...options, readOnly: false }, async (client) => {
    const audit = await recount(client);
    await translatingErrors(() => client.query(KEEP, [JSON.stringify(audit)]));
    return audit;
  });
}

/** Recounts a database and changes nothing in it: whoever may read can ask, and a standby can answer. */
export function verifyPostgres(options: PostgresAuditOptions): Promise<Audit> {
  return withLongConnection({ ...options, readOnly: true }, recount);
}

const KEEP = `INSERT INTO last_audit (report) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET report = excluded.report`;

interface RecountRow {
  audited_at: string;
  topics_total: string;
  booked: AuditCounts;
  counted: AuditCounts;
  by_source: { duplicates: number; conflicts: number };
  differences: AuditDifference[];
  differences_total: string;
}

async function recount(client: pg.Client): Promise<Audit> {
  const beganAtMs = performance.now();
  const { rows } = await translatingErrors(() => client.query<RecountRow>(RECOUNT, [MAX_DIFFERENCES]));
  const [row] = rows;
  if (row === undefined) throw new Error("the recount came without a row");
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

function counts(side: "booked" | "counted", aggregate: "" | "sum"): string {
  const column = (name: string) => (aggregate === "" ? `${side}_${name}` : `coalesce(sum(${side}_${name}), 0)`);
  return `json_build_object('stored', ${column("unique")}, 'duplicates', ${column("duplicates")},
    'conflicts', ${column("conflicts")}, 'deadLettered', ${column("dead")})`;
}

/**
 * One statement, so one snapshot. Each table is read once and leaves a row for each topic; a topic's rows are then added
 * up, whichever tables know it. What was forgotten on purpose counts as if it were still there.
 */
const RECOUNT = `
WITH tally AS MATERIALIZED (
  SELECT topic, sum(booked_unique) AS booked_unique, sum(booked_duplicates) AS booked_duplicates,
    sum(booked_conflicts) AS booked_conflicts, sum(booked_dead) AS booked_dead,
    sum(counted_unique) AS counted_unique, sum(counted_duplicates) AS counted_duplicates,
    sum(counted_conflicts) AS counted_conflicts, sum(counted_dead) AS counted_dead
  FROM (
    SELECT topic, sum(unique_events), sum(duplicates), sum(conflicts), sum(dead),
      0, sum(duplicates_pruned), sum(conflicts_pruned), sum(dead_deleted)
    FROM counters GROUP BY topic
    UNION ALL
    SELECT topic, 0, 0, 0, 0, count(*), 0, 0, 0 FROM events GROUP BY topic
    UNION ALL
    SELECT topic, 0, 0, 0, 0, 0, count(*), count(*) FILTER (WHERE is_conflict), 0 FROM duplicates GROUP BY topic
    UNION ALL
    SELECT coalesce(topic, ''), 0, 0, 0, 0, 0, 0, 0, sum(events) FROM dead_letters GROUP BY coalesce(topic, '')
  ) AS part (topic, booked_unique, booked_duplicates, booked_conflicts, booked_dead,
             counted_unique, counted_duplicates, counted_conflicts, counted_dead)
  GROUP BY topic
), differing AS MATERIALIZED (
  SELECT * FROM tally
  WHERE (booked_unique, booked_duplicates, booked_conflicts, booked_dead)
    <> (counted_unique, counted_duplicates, counted_conflicts, counted_dead)
)
SELECT to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS audited_at,
  count(*) AS topics_total, ${counts("booked", "sum")} AS booked, ${counts("counted", "sum")} AS counted,
  (SELECT json_build_object('duplicates', coalesce(sum(duplicates), 0), 'conflicts', coalesce(sum(conflicts), 0))
   FROM source_counters) AS by_source,
  (SELECT count(*) FROM differing) AS differences_total,
  (SELECT coalesce(json_agg(json_build_object(
      'topic', topic, 'booked', ${counts("booked", "")}, 'counted', ${counts("counted", "")}) ORDER BY topic), '[]')
   FROM (SELECT * FROM differing ORDER BY topic LIMIT $1) AS first) AS differences
FROM tally`;
