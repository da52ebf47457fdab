import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Audit,
  type AuditCounts,
  type AuditDifference,
  balanceAudit,
  MAX_DIFFERENCES,
} from "@tidemark/event-store/audit";
import type { Database } from "better-sqlite3";
import { explainUnreadable } from "../connection/damage.ts";
import { openReaderDatabase, refuseNoFile } from "../connection/database.ts";
import { utcText } from "../schema/columns.ts";
import { checkSchema } from "../schema/migrate.ts";

const KINDS = ["stored", "duplicates", "conflicts", "deadLettered"] as const;

/** A topic, its counts in the books in the order of `KINDS`, and then those of its rows. */
type TallyRow = [topic: string, ...counts: number[]];

/**
 * Reads each table once, which gives one row for each of its topics, and adds up the rows of a topic. Rows that were
 * pruned or deleted still count.
 */
const TALLY = `
SELECT topic, sum(booked_stored), sum(booked_duplicates), sum(booked_conflicts), sum(booked_dead_lettered),
  sum(counted_stored), sum(counted_duplicates), sum(counted_conflicts), sum(counted_dead_lettered)
FROM (
  SELECT topic, stored AS booked_stored, duplicates AS booked_duplicates, conflicts AS booked_conflicts,
    dead_lettered AS booked_dead_lettered, 0 AS counted_stored, duplicates_pruned AS counted_duplicates,
    conflicts_pruned AS counted_conflicts, dead_letters_deleted AS counted_dead_lettered
  FROM topic_counters
  UNION ALL SELECT topic, 0, 0, 0, 0, count(*), 0, 0, 0 FROM events GROUP BY topic
  UNION ALL SELECT topic, 0, 0, 0, 0, 0, duplicates, conflicts, 0 FROM temp.duplicates_by_topic
  UNION ALL SELECT coalesce(topic, ''), 0, 0, 0, 0, 0, 0, 0, sum(events) FROM dead_letters GROUP BY 1
)
GROUP BY topic ORDER BY topic`;

// A million rows take 0.56 s, and memory and temporary files grow with the number of topics. One GROUP BY of all rows
// sorts them on disk, takes 0.73 to 0.95 s, and cannot be interrupted.
const ROWS_AT_ONCE = 100_000;

/** Counts the duplicates by topic. They have no index on it, so it counts one range of ids after another into a table. */
function countDuplicates(database: Database): void {
  database.exec(
    "CREATE TEMP TABLE duplicates_by_topic (topic TEXT PRIMARY KEY, duplicates INT, conflicts INT) WITHOUT ROWID",
  );
  const ends = database.prepare<[], { first: number | null; last: number | null }>(
    "SELECT (SELECT min(id) FROM main.duplicates) AS first, (SELECT max(id) FROM main.duplicates) AS last",
  );
  const countRange = database.prepare<[number, number]>(
    `INSERT INTO temp.duplicates_by_topic SELECT topic, count(*), sum(is_conflict) FROM duplicates
     WHERE id >= ? AND id < ? GROUP BY topic
     ON CONFLICT (topic) DO UPDATE SET
       duplicates = duplicates + excluded.duplicates, conflicts = conflicts + excluded.conflicts`,
  );
  const { first, last } = ends.get() ?? {};
  for (let id = first ?? 0; id <= (last ?? -1); id += ROWS_AT_ONCE) countRange.run(id, id + ROWS_AT_ONCE);
}

const BY_SOURCE = `SELECT coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(conflicts), 0) AS conflicts
  FROM source_counters`;

/**
 * The sums that the books show. They are stored separately from those of the topics, so an audit compares them as well.
 */
const BOOKED = `SELECT stored, duplicates, conflicts, dead_lettered AS "deadLettered" FROM book_totals`;

/** Audits a file through a separate connection, in one snapshot. It changes nothing in the file. */
export function auditSqlite(path: string): Audit {
  const database = openReaderDatabase(path);
  try {
    return auditInSnapshot(database);
  } finally {
    database.close();
  }
}

/**
 * Audits a file from outside of the service, which may be running, stopped or killed.
 *
 * @throws {Error} naming the path and what to do
 */
export function verifySqlite(path: string): Audit {
  const file = resolve(path);
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  refuseNoFile(file);
  try {
    const database = openReaderDatabase(file);
    try {
      checkSchema(database);
      return auditInSnapshot(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw explainUnreadable(file, error);
  }
}

/** Prepares the record of an audit as the last one. */
export function prepareKeepAudit(database: Database): (audit: Audit) => void {
  const keep = database.prepare<[string]>(
    "INSERT INTO last_audit (report, only_row) VALUES (?, 1) ON CONFLICT (only_row) DO UPDATE SET report = excluded.report",
  );
  return (audit) => void keep.run(JSON.stringify(audit));
}

/** Audits an open database in one snapshot. */
export function auditInSnapshot(database: Database): Audit {
  return database.transaction(() => auditWithin(database)).deferred();
}

/** Audits an open database in the snapshot of its present transaction. */
export function auditWithin(database: Database): Audit {
  const beganAtMs = performance.now();
  const counted = toCounts([]);
  const differences: AuditDifference[] = [];
  let [topicsTotal, differencesTotal] = [0, 0];
  const auditedAt = utcText(Date.now()); // reading the first row takes the snapshot
  countDuplicates(database);
  for (const [topic, ...counts] of database.prepare<[], TallyRow>(TALLY).raw().iterate()) {
    const ofTopic = { topic, booked: toCounts(counts), counted: toCounts(counts.slice(KINDS.length)) };
    addTo(counted, ofTopic.counted);
    topicsTotal++;
    if (isSame(ofTopic.booked, ofTopic.counted)) continue;
    differencesTotal++;
    if (differences.length < MAX_DIFFERENCES) differences.push(ofTopic);
  }
  const bySource = database.prepare<[], Audit["bySource"]>(BY_SOURCE).get();
  const booked = database.prepare<[], AuditCounts>(BOOKED).get();
  if (bySource === undefined || booked === undefined) throw new Error("a total without a row");
  return balanceAudit({
    auditedAt,
    durationMs: Math.round(performance.now() - beganAtMs),
    topicsTotal,
    booked,
    counted,
    bySource,
    differences,
    differencesTotal,
  });
}

function toCounts([stored = 0, duplicates = 0, conflicts = 0, deadLettered = 0]: number[]): AuditCounts {
  return { stored, duplicates, conflicts, deadLettered };
}

function addTo(sums: AuditCounts, counts: AuditCounts): void {
  for (const kind of KINDS) sums[kind] += counts[kind];
}

function isSame(one: AuditCounts, other: AuditCounts): boolean {
  return KINDS.every((kind) => one[kind] === other[kind]);
}
