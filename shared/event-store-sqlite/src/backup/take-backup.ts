import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Audit } from "@tidemark/event-store/audit";
import SqliteDatabase from "better-sqlite3";
import { explainUnreadable } from "../connection/damage.ts";
import { openReaderDatabase, refuseNoFile } from "../connection/database.ts";
import { identify } from "../connection/watch-file.ts";
import { checkSchema } from "../schema/migrate.ts";
import { renameDurably } from "./durable-file.ts";
import { createPartial, removePartial } from "./partial-database.ts";
import { markBackup } from "./restore-marks.ts";
import { verifyCopy } from "./verify-copy.ts";

export interface SqliteBackup {
  /** The path of the backup. */
  path: string;
  bytes: number;
  /** The recount of the backup. */
  audit: Audit;
}

/**
 * Copies the database of a single into one file, which is a database itself. The service may run and write meanwhile:
 * the copy is made in one snapshot, which delays no commit. It uses `VACUUM INTO` (docs/decisions/0012-backup.md), so
 * no erased or pruned content is left in the pages of the copy. The copy is written under a temporary name, checked,
 * and synced before it gets its own name. A file with that name is therefore complete, even if the process or the
 * machine dies at any moment.
 *
 * @throws {Error} naming the file and what to do
 */
export function backupSqlite({ from, to, replace }: { from: string; to: string; replace: boolean }): SqliteBackup {
  const [source, path] = [resolve(from), resolve(to)];
  if (!existsSync(source)) throw new Error(`there is no file ${source}`);
  refuseNoFile(source);
  refuseNoFile(path);
  refuseDatabaseItself(source, path);
  if (existsSync(path) && !replace) throw new Error(`${path} exists: choose another name, or add --replace`);
  const partial = `${path}.partial`;
  removePartial(partial);
  try {
    const takenAtMs = Date.now();
    copyDatabase(source, partial);
    mark(partial, takenAtMs);
    const audit = verifyCopy(partial);
    renameDurably(partial, path);
    return { path, bytes: statSync(path).size, audit };
  } catch (error) {
    removePartial(partial);
    throw error;
  }
}

/**
 * Refuses to write a copy of a database over that database, which a service may have open. @throws {Error} when both
 * paths name the same file, even through links
 */
export function refuseDatabaseItself(database: string, copy: string): void {
  if (existsSync(copy) && identify(copy) === identify(database)) {
    throw new Error(`${resolve(copy)} is the database itself: choose another name`);
  }
}

function mark(copy: string, takenAtMs: number): void {
  const database = new SqliteDatabase(copy, { fileMustExist: true });
  try {
    markBackup(database, takenAtMs);
  } finally {
    database.close();
  }
}

function copyDatabase(source: string, copy: string): void {
  try {
    const database = openReaderDatabase(source);
    try {
      checkSchema(database);
      createPartial(copy); // it holds the signing key of the service
      database.prepare("VACUUM INTO ?").run(copy);
    } finally {
      database.close();
    }
  } catch (error) {
    throw explainUnreadable(source, error);
  }
}
