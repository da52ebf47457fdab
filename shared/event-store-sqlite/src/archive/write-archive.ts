import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  ARCHIVE_TABLES,
  type ArchiveKind,
  type ArchiveRows,
  type ArchiveTable,
  type ArchiveTableName,
} from "@tidemark/event-store/archive/archive-tables";
import type { Audit } from "@tidemark/event-store/audit";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { isLarge, prepareDescribeLarge } from "../apply/stored-event.ts";
import { createPartial, removePartial } from "../backup/partial-database.ts";
import { putInPlace, type SqliteRestore } from "../backup/restore-backup.ts";
import { EVENT_COLUMNS, type EventValue } from "../schema/columns.ts";
import { migrate } from "../schema/migrate.ts";

type Row = Record<string, string | number | boolean | null | undefined>;

/** Columns of an archive that the tables of this store lack. */
const LEFT_OUT: Partial<Record<ArchiveTableName, readonly string[]>> = {
  events: ["tx", "ord"],
  duplicates: ["tx", "ord"],
  frames: ["received_at"],
};

/** Columns that have another name in the tables of this store. */
const RENAMED: Record<string, string> = { passed_events: "position" };

export interface ImportOptions {
  path: string;
  /** Whether a database of that name may be replaced. */
  replace: boolean;
  rows: AsyncIterable<ArchiveRows>;
  /** Checks the recount of the new database. If it throws, nothing is changed. */
  check: (audit: Audit) => void;
}

/**
 * Creates a database from the rows of an archive, in constant memory. The database gets its name only when it is
 * complete and checked, so an import is done completely or not at all.
 *
 * @throws {Error} when a service holds the database, or one exists and `replace` is not set
 */
export async function importSqlite({ path, replace, rows, check }: ImportOptions): Promise<SqliteRestore> {
  const file = resolve(path);
  if (existsSync(file) && !replace) throw new Error(`${file} exists; --replace keeps it under another name`);
  const partial = `${file}.importing`;
  removePartial(partial);
  try {
    await fill(partial, rows);
    return putInPlace({ partial, path: file, check });
  } finally {
    removePartial(partial);
  }
}

async function fill(path: string, rows: AsyncIterable<ArchiveRows>): Promise<void> {
  createPartial(path);
  const database = new SqliteDatabase(path);
  try {
    // The file is synced as a whole before it gets its name.
    database.pragma("journal_mode = OFF");
    database.pragma("synchronous = OFF");
    migrate(database);
    database.exec("BEGIN");
    const inserts = new Map(ARCHIVE_TABLES.map((table) => [table.name, prepareInsert(database, table)]));
    for await (const { table, rows: lines } of rows) {
      const insert = inserts.get(table);
      if (insert === undefined) throw new Error(`the archive has a table that this version does not know: ${table}`);
      for (const line of lines) insert(JSON.parse(line) as Row);
    }
    addTotals(database);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

function prepareInsert(database: Database, table: ArchiveTable & { name: ArchiveTableName }): (row: Row) => void {
  const columns = Object.entries(table.columns).filter(([name]) => !LEFT_OUT[table.name]?.includes(name));
  const names = columns.map(([name]) => RENAMED[name] ?? name);
  const insert = database.prepare<unknown[]>(
    `INSERT INTO ${table.name} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
  );
  const describeLarge = prepareDescribeLarge(database);
  return (row) => {
    const { lastInsertRowid } = insert.run(columns.map(([name, kind]) => columnValue(row[name], kind)));
    if (table.name !== "events") return;
    const values = EVENT_COLUMNS.map(
      ({ name, type }) => columnValue(row[name], type === "flag" ? "boolean" : "text") as EventValue,
    );
    if (isLarge({ values })) describeLarge(lastInsertRowid, String(row.processed_at), values);
  };
}

function columnValue(value: Row[string], kind: ArchiveKind): string | number | null {
  if (value === undefined || value === null) return null;
  if (kind === "boolean") return Number(value);
  if (kind === "bytes") return Buffer.from(String(value), "base64").toString();
  return value as string | number;
}

/** Adds the values that the store derives from its other tables. Ids begin at 1, even if rows had been pruned. */
function addTotals(database: Database): void {
  database.exec(
    `UPDATE book_totals SET (stored, duplicates, conflicts, dead_lettered, topics) =
       (SELECT coalesce(sum(stored), 0), coalesce(sum(duplicates), 0), coalesce(sum(conflicts), 0),
          coalesce(sum(dead_lettered), 0), count(*) FROM topic_counters),
       sources = (SELECT count(*) FROM source_counters);
     UPDATE duplicate_ids SET before_first = (SELECT duplicates FROM book_totals) - (SELECT count(*) FROM duplicates)`,
  );
}
