import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Database } from "better-sqlite3";
import { createPartial } from "../backup/partial-database.ts";

/** Checks whether the paths of an open database still name the files that were opened. */
export interface FileWatch {
  /**
   * Saves all confirmed events if the database or its write-ahead log was deleted, moved or replaced. Later commits
   * would be in a file without a name, and would be lost when the process ends.
   *
   * @throws {Error} naming the path, the place of the confirmed events, and what to do
   */
  check(): void;
}

/** Begins to watch the files of a connection that writes. */
export function watchFile(database: Database, path: string): FileWatch {
  const file = resolve(path);
  const log = `${realpathSync(path)}-wal`; // the log is beside the file itself, not beside a link to it
  const [openedFile, openedLog] = [identify(file), identify(log)];
  return {
    check() {
      const [nowFile, nowLog] = [identify(file), identify(log)];
      if (nowFile !== openedFile) {
        const event = nowFile === undefined ? "was deleted or moved" : "was replaced by another file";
        throw new Error(`${file} ${event} while it was in use. ${saveCopy(database, file)}`);
      }
      if (nowLog !== openedLog) {
        throw new Error(`${log} was deleted or replaced while it was in use. ${saveIntoFile(database, file)}`);
      }
    },
  };
}

/** Returns the identity of the file that a path names; undefined if it names none. */
export function identify(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** Saves a copy through the open connection, which can still read a file that has lost its name. */
function saveCopy(database: Database, file: string): string {
  const copy = `${file}.saved-${new Date().toISOString().replaceAll(":", "-")}`;
  try {
    createPartial(copy);
    database.prepare("VACUUM INTO ?").run(copy);
    return `All confirmed events were saved in ${copy}: move that file to ${file}, and start again`;
  } catch (error) {
    return `The confirmed events could not be saved in ${copy} (${String(error)}): put the file back, or restore a backup`;
  }
}

function saveIntoFile(database: Database, file: string): string {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
    return `All confirmed events were saved in ${file}: start again`;
  } catch (error) {
    return `The confirmed events in it could not be saved in ${file} (${String(error)}): restore a backup if some are missing`;
  }
}
