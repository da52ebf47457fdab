import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { openWriterDatabase } from "../connection/database.ts";

export interface Vacuumed {
  bytesBefore: number;
  bytesAfter: number;
}

/**
 * Writes a file again without its free space, and empties its WAL, so that nothing that was deleted is in either. The service
 * must be stopped, and the disk must have room for a second copy of the file.
 *
 * @throws {Error} naming the path and what to do
 */
export function vacuumSqlite(path: string): Vacuumed {
  const file = resolve(path);
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  const { database, close } = openWriterDatabase(file);
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
    const bytesBefore = statSync(file).size;
    database.exec("VACUUM");
    database.pragma("wal_checkpoint(TRUNCATE)");
    return { bytesBefore, bytesAfter: statSync(file).size };
  } finally {
    close();
  }
}
