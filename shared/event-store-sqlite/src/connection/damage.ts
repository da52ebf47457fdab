import { resolve } from "node:path";
import type { ErrorRecord } from "./errors.ts";

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)(_|$)/;

/** Returns the result code by which SQLite reported a damaged file, or undefined for another error. */
export function damageCode(error: ErrorRecord | undefined): string | undefined {
  if (error === undefined) return undefined;
  return DAMAGED.test(error.code) ? error.code : damageCode(error.cause);
}

/** Describes a damaged file and what to do. */
export function describeDamage(path: string, code: string): string {
  const file = resolve(path);
  return (
    `the database file ${file} is damaged (${code}): stop Tidemark, then restore a backup, or save what can be read with ` +
    `sqlite3 ${file} .recover | sqlite3 recovered.db`
  );
}
