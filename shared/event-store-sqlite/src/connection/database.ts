import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { completeRestore } from "../backup/restore-marks.ts";
import { migrate } from "../schema/migrate.ts";
import { describeDamage } from "./damage.ts";
import { sqliteCode } from "./errors.ts";
import { identify } from "./watch-file.ts";

/** The time that a statement waits for the lock of another process: a backup, or an operator's sqlite3. */
const BUSY_TIMEOUT_MS = 5_000;

/** The connection that writes. It holds a lock until it is closed, so that no other process can write. */
export interface WriterDatabase {
  database: Database;
  /** Takes the lock again if its file was deleted. @throws {Error} when another process has taken it meanwhile */
  keepLock(): void;
  close(): void;
}

/**
 * Opens the file for writing. Creates it and its directory if they are missing, and brings its tables up to date.
 *
 * @throws {Error} naming the path and what to do, when the file cannot be written or another process writes it
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
      completeRestore(database, Date.now());
      return { database, keepLock: () => guard.keep(), close: () => closeWriter(database, guard) };
    } catch (error) {
      guard.close();
      throw error;
    }
  } catch (error) {
    const code = sqliteCode(error);
    if (code.startsWith("SQLITE_NOTADB")) throw new Error(describeDamage(resolve(path), code), { cause: error });
    throw isNotWritable(error) ? notWritable(path, error) : error;
  }
}

/** mkdir's own `recursive` would try indefinitely where a file system takes no directories, as in /proc. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    if (!existsSync(directory)) throw error; // else another process made it meanwhile
  }
}

/**
 * Refuses a path that names no file. Opening a FIFO, for example, would wait indefinitely for a writer.
 *
 * @throws {Error} naming the path, when it names something other than a file
 */
export function refuseNoFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  const what = found.isDirectory() ? "a directory" : "a device, a pipe or a socket";
  throw new Error(`${resolve(path)} is ${what}: name the database file itself`);
}

/** Opens a file for reading. Each statement sees everything that was committed before it began. */
export function openReaderDatabase(path: string): Database {
  return new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
}

function configureWriter(database: Database): void {
  database.pragma("journal_mode = WAL");
  // Each commit is synced before it is confirmed. In WAL mode, NORMAL would lose confirmed commits in a power failure.
  database.pragma("synchronous = FULL");
  // On macOS, fsync leaves the data in the drive's own cache (sqlite.org/pragma.html#pragma_fullfsync). The setting has
  // no effect on other systems.
  database.pragma("fullfsync = 1");
  // A larger cache costs time: a commit that splits index pages goes through all of it. The system caches the rest.
  database.pragma("cache_size = -16384");
  // The unit is pages. Index pages change at random, so a longer wait in the WAL puts more changes into each write of a
  // page.
  database.pragma("wal_autocheckpoint = 16384");
  // Deleted content is overwritten with zeros, so that no text of an erased event stays in a free page.
  database.pragma("secure_delete = ON");
  database.pragma("journal_size_limit = 134217728"); // the WAL shrinks again after a burst
}

function closeWriter(database: Database, guard: Guard): void {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
    database.close();
  } finally {
    guard.close();
  }
}

/**
 * Prevents every service from opening a store. The file of the store need not exist.
 *
 * @returns a function that ends the lock
 * @throws {Error} when a service holds the store
 */
export function lockStore(path: string): () => void {
  const guard = holdGuard(path);
  return () => guard.close();
}

interface Guard {
  keep(): void;
  close(): void;
}

/**
 * Prevents other processes from writing the file. Two writers would not corrupt it, but each would hold a part of the
 * events in memory. The lock is an open exclusive transaction on a file beside it, which the kernel releases however
 * the process ends.
 */
function holdGuard(path: string): Guard {
  // The lock is beside the file itself, not beside a link to it.
  const lockPath = `${existsSync(path) ? realpathSync(path) : path}.lock`;
  let lock = takeLock(path, lockPath);
  let locked = identify(lockPath);
  return {
    keep() {
      if (identify(lockPath) === locked) return;
      lock.close();
      lock = takeLock(path, lockPath);
      locked = identify(lockPath);
    },
    close: () => void lock.close(),
  };
}

function takeLock(path: string, lockPath: string): Database {
  const lock = new SqliteDatabase(lockPath, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!sqliteCode(error).startsWith("SQLITE_BUSY")) throw error;
    const message = `${resolve(path)} is in use by another Tidemark: stop the other process, or choose another DATABASE_PATH`;
    throw Object.assign(new Error(message, { cause: error }), { code: "database_in_use" });
  }
}

const NOT_WRITABLE = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"]);

function isNotWritable(error: unknown): error is Error {
  if (!(error instanceof Error) || !("code" in error)) return false;
  // better-sqlite3 refuses a missing directory with a TypeError that has no code, so mkdir comes first.
  return NOT_WRITABLE.has(String(error.code)) || /^SQLITE_(CANTOPEN|READONLY|PERM)/.test(sqliteCode(error));
}

function notWritable(path: string, cause: Error & { code?: unknown }): Error {
  const directory = dirname(resolve(path));
  const user = process.getuid?.();
  const owner = user === undefined ? "this user" : `user id ${user}`;
  const fix =
    `${directory} must be a directory that ${owner} may write to: ` +
    `mount a named volume (docker run -v tidemark-data:/app/data ...), or chown ${user ?? ""} the mounted directory`;
  return new Error(`cannot write ${resolve(path)} (${String(cause.code)}); ${fix}`, { cause });
}
