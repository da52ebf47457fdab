import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import type { Audit } from "@tidemark/event-store/audit";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { lockStore, refuseNoFile } from "../connection/database.ts";
import { renameDurably } from "./durable-file.ts";
import { removePartial } from "./partial-database.ts";
import { isMarkedBackup, markBackup, recordLost } from "./restore-marks.ts";
import { verifyCopy } from "./verify-copy.ts";

export interface SqliteRestore {
  /** The path of the restored database. */
  path: string;
  /** The recount of the restored database. */
  audit: Audit;
  /** The new path of the database that was replaced. */
  replaced?: string;
  /** The number of events that the replaced database had received after the backup, if it can be read. */
  lostEvents?: number;
}

/**
 * Replaces the database of a single, which must be stopped, with a backup. An existing database is kept under another
 * name. The backup is copied and checked first, so that a damaged one changes nothing.
 *
 * @throws {Error} naming the file and what to do: a service holds the database, a database exists and `replace` is not set,
 *   or the backup is damaged or of another version
 */
export function restoreSqlite({ from, to, replace }: { from: string; to: string; replace: boolean }): SqliteRestore {
  const [backup, path] = [resolve(from), resolve(to)];
  if (!existsSync(backup)) throw new Error(`there is no file ${backup}`);
  for (const file of [backup, path]) refuseNoFile(file);
  if (backup === path) throw new Error(`${backup} is the database itself, not a backup`);
  refuseOpenDatabase(backup);
  if (existsSync(path) && !replace) {
    throw new Error(`${path} exists; --replace restores the backup, and keeps that database under another name`);
  }
  mkdirSync(dirname(path), { recursive: true });
  lockStore(path)(); // refuses before the copy, which may take long
  const partial = `${path}.restoring`;
  removePartial(partial);
  try {
    copyFileSync(backup, partial, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    chmodSync(partial, 0o600);
    verifyCopy(partial); // this also brings its tables up to date
    const lostEvents = describeRestore(partial, { path, writtenAtMs: statSync(backup).mtimeMs });
    return { ...putInPlace({ partial, path }), ...(lostEvents === undefined ? {} : { lostEvents }) };
  } finally {
    removePartial(partial);
  }
}

/** Marks a copy that was made by another program as a backup, and stores in it how many events it lacks. */
function describeRestore(
  copy: string,
  { path, writtenAtMs }: { path: string; writtenAtMs: number },
): number | undefined {
  const database = new SqliteDatabase(copy, { fileMustExist: true });
  try {
    if (!isMarkedBackup(database)) markBackup(database, writtenAtMs);
    const [before, after] = [readReceived(path), receivedBy(database)];
    if (before === undefined || before < after) return undefined;
    recordLost(database, before - after);
    return before - after;
  } finally {
    database.close();
  }
}

/** Returns undefined if there is no database, or one that cannot be read. */
function readReceived(path: string): number | undefined {
  try {
    const database = new SqliteDatabase(path, { fileMustExist: true });
    try {
      return receivedBy(database);
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

function receivedBy(database: Database): number {
  const totals = database.prepare<[], number>("SELECT stored + duplicates + dead_lettered FROM book_totals").pluck();
  return totals.get() ?? 0;
}

/**
 * Gives a new database the name of the store, if it is complete and no service holds the store. Keeps the present
 * database under another name.
 *
 * @param options.check checks the recount of the new database. If it throws, nothing is changed
 */
export function putInPlace({
  partial,
  path,
  check = () => undefined,
}: {
  partial: string;
  path: string;
  check?: (audit: Audit) => void;
}): SqliteRestore {
  const unlock = lockStore(path);
  try {
    chmodSync(partial, 0o600);
    const audit = verifyCopy(partial);
    check(audit);
    const replaced = setAside(path);
    renameDurably(partial, path);
    return { path, audit, ...(replaced === undefined ? {} : { replaced }) };
  } finally {
    unlock();
  }
}

/** Refuses a copy of a database in use, because it lacks the events in the write-ahead log. */
function refuseOpenDatabase(backup: string): void {
  if ((statSync(`${backup}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  throw new Error(
    `${backup} is a database in use, or one that was not closed: make a backup of it with npm run backup`,
  );
}

/**
 * Keeps the present database under another name. Its write-ahead log is renamed with it, because SQLite would add the
 * log to any database that later has the name. The log of a deleted database is renamed for the same reason. Until the
 * restored database takes the name, the name refers to the present one.
 *
 * @returns undefined if there is no database
 */
function setAside(path: string): string | undefined {
  const aside = `${path}.replaced-${new Date().toISOString().replaceAll(":", "-")}`;
  const isThere = existsSync(path);
  if (isThere) {
    emptyLog(path);
    linkSync(path, aside);
    chmodSync(aside, 0o600); // it holds events and the signing key, and stays until a person deletes it
  }
  for (const log of ["-wal", "-journal"]) {
    if (existsSync(`${path}${log}`)) renameSync(`${path}${log}`, `${aside}${log}`);
  }
  rmSync(`${path}-shm`, { force: true });
  return isThere ? aside : undefined;
}

/** Moves the content of the write-ahead log into the database. A damaged database keeps its log. */
function emptyLog(path: string): void {
  try {
    const database = new SqliteDatabase(path, { fileMustExist: true });
    database.pragma("wal_checkpoint(TRUNCATE)");
    database.close();
  } catch {
    // A damaged database is kept as it is.
  }
}
