import { type ErrorRecord, sqliteCode } from "./errors.ts";

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)(_|$)/;

/** Returns the result code by which SQLite reported a damaged file, or undefined for another error. */
export function damageCode(error: ErrorRecord | undefined): string | undefined {
  if (error === undefined) return undefined;
  return DAMAGED.test(error.code) ? error.code : damageCode(error.cause);
}

/**
 * Describes a damaged file, or a file that does not begin like an SQLite database, and the remedy. The file is named as
 * it is given: clients see its base name, operators its path.
 */
export function describeDamage(file: string, code: string): string {
  if (code.startsWith("SQLITE_NOTADB")) {
    return (
      `${file} is not an SQLite database; choose another DATABASE_PATH, or move that file away. ` +
      "If it was Tidemark's file, its first page was overwritten: restore a backup"
    );
  }
  return (
    `the database file ${file} is damaged (${code}): stop Tidemark, then restore a backup, or save what can be read with ` +
    `sqlite3 ${file} .recover | sqlite3 recovered.db`
  );
}

/** Adds the remedy to the error of a file that cannot be read. Returns any other error as it is. */
export function explainUnreadable(file: string, cause: unknown): unknown {
  const code = sqliteCode(cause);
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return new Error(describeDamage(file, code), { cause });
  if (!/^SQLITE_(READONLY|CANTOPEN|IOERR)/.test(code)) return cause;
  // Readers also need the -shm file, for their locks.
  const fix = `run this as the user that the service runs as, or on a copy in a directory that you may write to`;
  return new Error(`cannot read ${file}, or create ${file}-shm beside it (${code}); ${fix}`, { cause });
}
