import { closeSync, openSync, rmSync } from "node:fs";

// SQLite keeps these files beside a database. It adds their content to any database that later has the name.
const SUFFIXES = ["", "-journal", "-wal", "-shm"];

/** Deletes a database that is not complete, and the files beside it. A command that was killed may have left them. */
export function removePartial(path: string): void {
  for (const suffix of SUFFIXES) rmSync(`${path}${suffix}`, { force: true });
}

/**
 * Creates the empty file of a database, which only its owner may read from the start. @throws {Error} if the file
 * exists
 */
export function createPartial(path: string): void {
  closeSync(openSync(path, "wx", 0o600));
}
