import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "../connection/session.ts";
import { statementFile } from "../connection/statement-file.ts";

// Any constant works if every release uses the same one.
const MIGRATION_LOCK = 7_305_804_402_565_173_249n;

/** A migration: the statements that make this version of the schema from the version before it. */
interface Migration {
  version: number;
  /** The name under which a database records it. */
  name: string;
  sql: string;
}

/**
 * Reads the files `001.sql`, `002-….sql` and so on of this folder. The list is append-only: a database on which a
 * released file has run never runs it again, so an edit would not reach that database.
 */
export function readMigrations(): Migration[] {
  const files = readdirSync(import.meta.dirname).filter((file) => /^\d{3}.*\.sql$/.test(file));
  return files.sort().map((file, index) => {
    if (Number(file.slice(0, 3)) !== index + 1) throw new Error(`${file} is not the migration to version ${index + 1}`);
    const name = file === "001.sql" ? "0001-books" : file.replace(/\.sql$/, "");
    return { version: index + 1, name, sql: readFileSync(join(import.meta.dirname, file), "utf8") };
  });
}

const GRANTS = statementFile(new URL("grants.sql", import.meta.url));

/**
 * Brings the tables up to date: all missing migrations, in one transaction, and the rights of the roles. Processes that
 * start at the same time wait for each other. Migrations of a newer release are ignored. If no migration is missing,
 * the right to read is enough.
 *
 * @returns the names of the migrations that ran
 * @throws {Unavailable} `store_unreachable` when a migration is missing and the role does not own the tables
 */
export async function migrate(session: Session, migrations = readMigrations()): Promise<string[]> {
  if (await isUpToDate(session, migrations)) return [];
  const grants = await GRANTS();
  return session.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await transaction.query(
      "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)",
    );
    const { rows } = await transaction.query<{ name: string }>("SELECT name FROM migrations");
    const applied = new Set(rows.map(({ name }) => name));
    const missing = migrations.filter(({ name }) => !applied.has(name));
    for (const { name, sql } of missing) {
      await transaction.query(sql);
      await transaction.query("INSERT INTO migrations (name, applied_at) VALUES ($1, now())", [name]);
    }
    await transaction.query(grants);
    return missing.map(({ name }) => name);
  });
}

/**
 * Refuses tables that are not those of this program.
 *
 * @throws {Error} saying what to do
 */
export async function checkSchema(session: Pick<Session, "query">): Promise<void> {
  const { rows } = await session.query<{ name: string }>("SELECT name FROM migrations");
  const applied = new Set(rows.map(({ name }) => name));
  const known = readMigrations().map(({ name }) => name);
  const missing = known.filter((name) => !applied.has(name));
  if (missing.length > 0) {
    throw new Error(`the database has the tables of an older Tidemark, without ${missing.join(", ")}: npm run migrate`);
  }
  const newer = [...applied].filter((name) => !known.includes(name));
  if (newer.length > 0) throw new Error(`the database has the tables of a newer Tidemark: ${newer.join(", ")}`);
}

/** Checks without locks and without the rights of the owner. */
async function isUpToDate(session: Session, migrations: Migration[]): Promise<boolean> {
  const { rowCount: hasTables } = await session.query("SELECT FROM pg_class WHERE oid = to_regclass('migrations')");
  if (!hasTables) return false;
  const { rows } = await session.query<{ name: string }>("SELECT name FROM migrations");
  const applied = new Set(rows.map(({ name }) => name));
  if (migrations.some(({ name }) => !applied.has(name))) return false;
  const { rowCount: rolesWithoutRights } = await session.query(
    `SELECT FROM pg_roles WHERE rolname IN ('tidemark_writer', 'tidemark_reader')
       AND NOT (has_table_privilege(oid, 'events', 'SELECT') AND has_table_privilege(oid, 'last_audit', 'UPDATE'))`,
  );
  return rolesWithoutRights === 0;
}
