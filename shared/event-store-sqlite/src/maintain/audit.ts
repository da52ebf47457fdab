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
import { sixDigits } from "../apply/batch-totals.ts";
import { openReaderDatabase, refuseNoFile } from "../connection/database.ts";
import { sqliteCode } from "../connection/errors.ts";
import { checkSchema } from "../schema/migrate.ts";

interface TallyRow {
  topic: string;
  booked_unique: number;
  booked_duplicates: number;
  booked_conflicts: number;
  booked_dead: number;
  counted_unique: number;
  counted_duplicates: number;
  counted_conflicts: number;
  counted_dead: number;
}

/**
 * Each table is read once and leaves a row for each topic; a topic's rows are then added up, whichever tables know it.
 * What was forgotten on purpose counts as if it were still there.
 */
const TALLY = `
SELECT topic, sum(booked_unique) AS booked_unique, sum(booked_duplicates) AS booked_duplicates,
  sum(booked_conflicts) AS booked_conflicts, sum(booked_dead) AS booked_dead,
  sum(counted_unique) AS counted_unique, sum(counted_duplicates) AS counted_duplicates,
  sum(counted_conflicts) AS counted_conflicts, sum(counted_dead) AS counted_dead
FROM (
  SELECT topic, unique_events AS booked_unique, duplicates AS booked_duplicates, conflicts AS booked_conflicts,
    dead_lettered AS booked_dead, 0 AS counted_unique, duplicates_pruned AS counted_duplicates,
    conflicts_pruned AS counted_conflicts, dead_letters_deleted AS counted_dead
  FROM topics
  UNION ALL SELECT topic, 0, 0, 0, 0, count(*), 0, 0, 0 FROM events GROUP BY topic
  UNION ALL SELECT topic, 0, 0, 0, 0, 0, copies, conflicts, 0 FROM temp.copies_by_topic
  UNION ALL SELECT coalesce(topic, ''), 0, 0, 0, 0, 0, 0, 0, sum(events) FROM dead_letters GROUP BY 1
)
GROUP BY topic ORDER BY topic`;

// A million rows: 0.56 s, and memory and temporary files follow the number of topics. One GROUP BY of all rows sorts them
// on disk, 0.73 to 0.95 s, and cannot be given up in the middle.
const ROWS_AT_ONCE = 100_000;

/** The dropped copies have no index on their topics: they are counted run by run of ids, into a table of this connection. */
function countCopies(database: Database): void {
  database.exec("CREATE TEMP TABLE copies_by_topic (topic TEXT PRIMARY KEY, copies INT, conflicts INT) WITHOUT ROWID");
  const ends = database.prepare<[], { first: number | null; last: number | null }>(
    "SELECT (SELECT min(id) FROM duplicates) AS first, (SELECT max(id) FROM duplicates) AS last",
  );
  const countRun = database.prepare<[number, number]>(
    `INSERT INTO temp.copies_by_topic SELECT topic, count(*), sum(is_conflict) FROM duplicates
     WHERE id >= ? AND id < ? GROUP BY topic
     ON CONFLICT (topic) DO UPDATE SET copies = copies + excluded.copies, conflicts = conflicts + excluded.conflicts`,
  );
  const { first, last } = ends.get() ?? {};
  for (let id = first ?? 0; id <= (last ?? -1); id += ROWS_AT_ONCE) countRun.run(id, id + ROWS_AT_ONCE);
}

const BY_SOURCE = `SELECT coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(conflicts), 0) AS conflicts
  FROM source_counters`;

/** Recounts a file through a connection of its own, in one snapshot, and changes nothing in it. */
export function auditSqlite(path: string): Audit {
  const database = openReaderDatabase(path);
  try {
    return database.transaction(() => recount(database)).deferred();
  } finally {
    database.close();
  }
}

/**
 * The same of a file from outside of the service, which may be running, stopped or killed.
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
      return database.transaction(() => recount(database)).deferred();
    } finally {
      database.close();
    }
  } catch (error) {
    throw explain(file, error);
  }
}

function explain(file: string, cause: unknown): unknown {
  const code = sqliteCode(cause);
  if (code === "SQLITE_NOTADB") return new Error(`${file} is no SQLite database`, { cause });
  if (!/^SQLITE_(READONLY|CANTOPEN|IOERR)/.test(code)) return cause;
  // Readers, too, take their locks in the -shm file.
  const fix = `run this as the user that the service runs as, or on a copy in a directory that you may write to`;
  return new Error(`cannot read ${file} (${code}), or not make ${file}-shm beside it; ${fix}`, { cause });
}

/** Prepares what makes an audit the last one. */
export function prepareKeepAudit(database: Database): (audit: Audit) => void {
  const keep = database.prepare<[string]>(
    "INSERT INTO last_audit (report, only_row) VALUES (?, 1) ON CONFLICT (only_row) DO UPDATE SET report = excluded.report",
  );
  return (audit) => void keep.run(JSON.stringify(audit));
}

function recount(database: Database): Audit {
  const beganAtMs = performance.now();
  const [booked, counted] = [noCounts(), noCounts()];
  const differences: AuditDifference[] = [];
  let [topicsTotal, differencesTotal] = [0, 0];
  const auditedAt = sixDigits(Date.now()); // the first row that is read takes the snapshot
  countCopies(database);
  for (const row of database.prepare<[], TallyRow>(TALLY).iterate()) {
    const ofTopic = { topic: row.topic, booked: bookedIn(row), counted: countedIn(row) };
    addTo(booked, ofTopic.booked);
    addTo(counted, ofTopic.counted);
    topicsTotal++;
    if (isSame(ofTopic.booked, ofTopic.counted)) continue;
    differencesTotal++;
    if (differences.length < MAX_DIFFERENCES) differences.push(ofTopic);
  }
  const bySource = database.prepare<[], Audit["bySource"]>(BY_SOURCE).get();
  if (bySource === undefined) throw new Error("an aggregate without a row");
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

function noCounts(): AuditCounts {
  return { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
}

function bookedIn(row: TallyRow): AuditCounts {
  return {
    stored: row.booked_unique,
    duplicates: row.booked_duplicates,
    conflicts: row.booked_conflicts,
    deadLettered: row.booked_dead,
  };
}

function countedIn(row: TallyRow): AuditCounts {
  return {
    stored: row.counted_unique,
    duplicates: row.counted_duplicates,
    conflicts: row.counted_conflicts,
    deadLettered: row.counted_dead,
  };
}

function addTo(sums: AuditCounts, counts: AuditCounts): void {
  sums.stored += counts.stored;
  sums.duplicates += counts.duplicates;
  sums.conflicts += counts.conflicts;
  sums.deadLettered += counts.deadLettered;
}

function isSame(one: AuditCounts, other: AuditCounts): boolean {
  return (
    one.stored === other.stored &&
    one.duplicates === other.duplicates &&
    one.conflicts === other.conflicts &&
    one.deadLettered === other.deadLettered
  );
}
