import type { ErrorRecord } from "./errors.ts";

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)(_|$)/;

/** Returns the result code by which SQLite reported a damaged file, or undefined for another error. */
export function damageCode(error: ErrorRecord | undefined): string | undefined {
  if (error === undefined) return undefined;
  return DAMAGED.test(error.code) ? error.code : damageCode(error.cause);
}

/**
 * Describes a damaged file, or one whose first page is not SQLite's, and what to do. The file is named as it is given:
 * clients see its base name, operators its path.
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
