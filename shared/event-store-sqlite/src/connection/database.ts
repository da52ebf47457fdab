import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { migrate } from "../schema/migrate.ts";
import { sqliteCode } from "./errors.ts";

/** How long a statement waits for somebody else's lock: a backup, an operator's sqlite3. */
const BUSY_TIMEOUT_MS = 5_000;

/** The one connection that writes, and the guard that keeps it the only one. */
export interface WriterDatabase {
  database: Database;
  close(): void;
}

/**
 * Opens the file for writing, makes it and its directory where they are missing, and brings its tables up to date.
 *
 * @throws {Error} naming the path and what to do, when it cannot be written or another process writes it
 */
export function openWriterDatabase(path: string): WriterDatabase {
  try {
    makeDirectory(dirname(resolve(path)));
    refuseNoFile(path);
    const guard = holdGuard(path);
    try {
      const database = new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS });
      configureWriter(database);
      migrate(database);
      return { database, close: () => closeWriter(database, guard) };
    } catch (error) {
      guard.close();
      throw error;
    }
  } catch (error) {
    if (sqliteCode(error) === "SQLITE_NOTADB") throw notDatabase(path, error);
    throw isNotWritable(error) ? notWritable(path, error) : error;
  }
}

/** Not mkdir's own `recursive`, which tries for ever where a file system has no room for directories, as /proc has none. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    if (!existsSync(directory)) throw error; // else somebody was faster
  }
}

/**
 * Reading a FIFO would wait for a writer, for ever.
 *
 * @throws {Error} naming the path, when something else than a file is there
 */
export function refuseNoFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  const what = found.isDirectory() ? "a directory" : "a device, a pipe or a socket";
  throw new Error(`${resolve(path)} is ${what}: name the database file itself`);
}

function notDatabase(path: string, cause: unknown): Error {
  const fix = "choose another DATABASE_PATH, or move that file away";
  return new Error(`${resolve(path)} is no SQLite database; ${fix}`, { cause });
}

/** Opens a file that a writer has open already. It sees what was committed before each of its statements begins. */
export function openReaderDatabase(path: string): Database {
  return new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
}

function configureWriter(database: Database): void {
  database.pragma("journal_mode = WAL");
  // Each commit is synced before it is confirmed. In WAL mode NORMAL would lose confirmed ones with the power.
  database.pragma("synchronous = FULL");
  // On macOS fsync leaves the data in the drive's own cache (sqlite.org/pragma.html#pragma_fullfsync); nothing elsewhere.
  database.pragma("fullfsync = 1");
  // More would cost: a commit whose index pages were split walks all of the cache. The system keeps the rest at hand.
  database.pragma("cache_size = -16384");
  // In pages. Index pages are written at random places: the longer they wait in the log, the more changes go back at once.
  database.pragma("wal_autocheckpoint = 16384");
  database.pragma("journal_size_limit = 134217728"); // the log shrinks again after a burst
}

function closeWriter(database: Database, guard: Database): void {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
    database.close();
  } finally {
    guard.close();
  }
}

/**
 * Two processes on one file would not corrupt it, yet each would keep half of the queue and of the truth. So the writer
 * holds a lock on a file beside it, an open exclusive transaction: the kernel lets go of it however the process ends.
 */
function holdGuard(path: string): Database {
  // Beside the file itself, by whatever link it was named.
  const guard = new SqliteDatabase(`${existsSync(path) ? realpathSync(path) : path}.lock`, { timeout: 0 });
  try {
    guard.exec("BEGIN EXCLUSIVE");
    return guard;
  } catch (error) {
    guard.close();
    if (!sqliteCode(error).startsWith("SQLITE_BUSY")) throw error;
    throw new Error(`${resolve(path)} is in use by another Tidemark: stop that one, or choose another DATABASE_PATH`, {
      cause: error,
    });
  }
}

const NOT_WRITABLE = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"]);

function isNotWritable(error: unknown): error is Error {
  if (!(error instanceof Error) || !("code" in error)) return false;
  // better-sqlite3 itself refuses a directory that is not there with a TypeError without code; mkdir comes before.
  return NOT_WRITABLE.has(String(error.code)) || /^SQLITE_(CANTOPEN|READONLY|PERM)/.test(sqliteCode(error));
}

function notWritable(path: string, cause: Error & { code?: unknown }): Error {
  const directory = dirname(resolve(path));
  const user = process.getuid?.();
  const who = user === undefined ? "this user" : `user id ${user}`;
  const fix =
    `${directory} must be a directory that ${who} may write to: ` +
    `mount a named volume (docker run -v tidemark-data:/app/data ...), or chown ${user ?? ""} the mounted directory`;
  return new Error(`cannot write ${resolve(path)} (${String(cause.code)}); ${fix}`, { cause });
}
