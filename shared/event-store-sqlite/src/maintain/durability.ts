import { type Durability, SAFE } from "@tidemark/domain/durability";
import type { Database } from "better-sqlite3";

const FULL = 2;
const EXTRA = 3;
const NAMES = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** Reads from the present settings whether the commits of a connection survive a power failure. */
export function readSqliteDurability(database: Database): Durability {
  return checkPragmas({
    journalMode: String(database.pragma("journal_mode", { simple: true })),
    synchronous: Number(database.pragma("synchronous", { simple: true })),
  });
}

/** The rules are those of https://www.sqlite.org/pragma.html#pragma_synchronous: a journal that is deleted needs EXTRA. */
export function checkPragmas({ journalMode, synchronous }: { journalMode: string; synchronous: number }): Durability {
  const findings: string[] = [];
  if (journalMode === "memory" || journalMode === "off") {
    findings.push(`SQLite has journal_mode=${journalMode}: DATABASE_PATH must be a file on a disk, where it is wal`);
  }
  if (synchronous < (journalMode === "delete" ? EXTRA : FULL)) {
    const value = `synchronous=${NAMES[synchronous] ?? synchronous} with journal_mode=${journalMode}`;
    findings.push(`SQLite has ${value}, so a power failure can lose committed events: it must be wal with FULL`);
  }
  if (findings.length === 0) return SAFE;
  return { status: "unsafe", findings: findings.map((detail) => ({ part: "store", detail })) };
}
