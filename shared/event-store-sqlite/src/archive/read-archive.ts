import {
  ARCHIVE_TABLES,
  type ArchivedRows,
  type ArchiveSink,
  type ArchiveTable,
} from "@tidemark/event-store/archive/archive-tables";
import type { Audit } from "@tidemark/event-store/audit";
import type { Database } from "better-sqlite3";
import { openReaderDatabase } from "../connection/database.ts";
import { auditWithin } from "../maintain/audit.ts";
import { utcText } from "../schema/columns.ts";
import { checkSchema } from "../schema/migrate.ts";

/** The number of characters that are collected before they are passed on. */
const PIECE = 256 * 1024;

// An archive keeps positions in two parts, as PostgreSQL does. The second part has 30 bits.
const COLUMNS: Record<string, Record<string, string>> = {
  events: { tx: "(id >> 30) + 1", ord: "id & 1073741823" },
  duplicates: { tx: "(id >> 30) + 1", ord: "id & 1073741823" },
  frames: { received_at: "processed_at" },
  subscriptions: { passed_events: "position" }, // ids have no gaps
};

/** A row without `restored_at` marks a backup that no service has opened, and is not a restore. */
const SOURCES: Record<string, string> = { restores: "restores WHERE restored_at IS NOT NULL" };

/** Ids are in the order of commits. */
const ORDER: Record<string, string> = { events: "id", duplicates: "id" };

/**
 * Writes all rows of a file to a sink, in one snapshot and in constant memory, and audits the same snapshot.
 *
 * @throws {Error} if the file is not one of this version of the schema
 */
export async function archiveSqlite(
  path: string,
  sink: ArchiveSink,
): Promise<ArchivedRows & { takenAt: string; audit: Audit }> {
  const database = openReaderDatabase(path);
  try {
    checkSchema(database);
    database.exec("BEGIN");
    const takenAt = utcText(Date.now()); // reading the first row takes the snapshot
    const rows = {} as ArchivedRows["rows"];
    for (const table of ARCHIVE_TABLES) {
      await sink.beginTable(table.name);
      rows[table.name] = await writeTable(database, table, sink);
    }
    return { takenAt, rows, audit: auditWithin(database) };
  } finally {
    database.close();
  }
}

async function writeTable(database: Database, table: ArchiveTable, sink: ArchiveSink): Promise<number> {
  const { name, columns } = table;
  const selection = Object.keys(columns).map((column) => `${COLUMNS[name]?.[column] ?? column} AS ${column}`);
  const statement = database.prepare<[], Record<string, unknown>>(
    `SELECT ${selection.join(", ")} FROM ${SOURCES[name] ?? name} ORDER BY ${ORDER[name] ?? table.order.join(", ")}`,
  );
  let piece = "";
  let count = 0;
  for (const row of statement.iterate()) {
    piece += `${lineOf(row, columns)}\n`;
    count++;
    if (piece.length < PIECE) continue;
    await sink.write(piece);
    piece = "";
  }
  await sink.write(piece);
  return count;
}

function lineOf(row: Record<string, unknown>, columns: ArchiveTable["columns"]): string {
  for (const [name, kind] of Object.entries(columns)) {
    const value = row[name];
    if (value === null) delete row[name];
    else if (kind === "boolean") row[name] = value === 1;
    else if (kind === "bytes") row[name] = Buffer.from(String(value)).toString("base64");
  }
  return JSON.stringify(row);
}
