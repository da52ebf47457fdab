import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "better-sqlite3";

/** A migration: the statements that make this version of the schema from the version before it. */
export interface Migration {
  version: number;
  sql: string;
}

/**
 * Reads the files `001.sql`, `002-….sql` and so on of this folder. The list is append-only: a database on which a
 * released file has run never runs it again, so an edit would not reach that database.
 */
export function readMigrations(): Migration[] {
  const names = readdirSync(import.meta.dirname).filter((name) => /^\d{3}.*\.sql$/.test(name));
  return names.sort().map((name, index) => {
    if (Number(name.slice(0, 3)) !== index + 1) throw new Error(`${name} is not the migration to version ${index + 1}`);
    return { version: index + 1, sql: readFileSync(join(import.meta.dirname, name), "utf8") };
  });
}

/**
 * Brings the tables up to date: all missing migrations, in one transaction. `user_version` is the version of the schema.
 *
 * @throws {Error} when a newer version of the program has migrated the file further
 */
export function migrate(database: Database, migrations = readMigrations()): void {
  const run = database.transaction(() => {
    const version = readVersion(database);
    if (version > migrations.length) throw writtenByNewer(database, version, migrations.length);
    for (const { sql } of migrations.slice(version)) database.exec(sql);
    database.pragma(`user_version = ${migrations.length}`);
  });
  run.immediate();
}

/**
 * Refuses a file whose tables are not those of this program.
 *
 * @throws {Error} naming the version that the file has
 */
export function checkSchema(database: Database): void {
  const known = readMigrations().length;
  const version = readVersion(database);
  if (version === 0) throw new Error(`${database.name} is not a Tidemark database`);
  if (version > known) throw writtenByNewer(database, version, known);
  if (version === known) return;
  const fix = "start the service once with this version of Tidemark, so that it updates the file";
  throw new Error(`${database.name} was written by an older Tidemark: its schema has version ${version}; ${fix}`);
}

/** Whether an earlier version of the program wrote the tables. */
export function isOlder(database: Database): boolean {
  const version = readVersion(database);
  return version > 0 && version < readMigrations().length;
}

function readVersion(database: Database): number {
  return database.pragma("user_version", { simple: true }) as number;
}

function writtenByNewer(database: Database, version: number, known: number): Error {
  return new Error(
    `${database.name} was written by a newer Tidemark: its schema has version ${version}, this program knows ${known}`,
  );
}
