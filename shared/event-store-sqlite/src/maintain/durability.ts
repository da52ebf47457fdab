import { type Durability, SAFE } from "@tidemark/domain/durability";
import type { Database } from "better-sqlite3";

const FULL = 2;
const EXTRA = 3;
const NAMES = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** Whether commits of this connection survive the loss of power: what its settings are, whatever they were set to. */
export function readSqliteDurability(database: Database): Durability {
  return judgePragmas({
    journalMode: String(database.pragma("journal_mode", { simple: true })),
    synchronous: Number(database.pragma("synchronous", { simple: true })),
  });
}

/** As https://www.sqlite.org/pragma.html#pragma_synchronous says: a journal that is deleted needs EXTRA. */
export function judgePragmas({ journalMode, synchronous }: { journalMode: string; synchronous: number }): Durability {
  const findings: string[] = [];
  if (journalMode === "memory" || journalMode === "off") {
    findings.push(`SQLite has journal_mode=${journalMode}: DATABASE_PATH must be a file on a disk, where it is wal`);
  }
  if (synchronous < (journalMode === "delete" ? EXTRA : FULL)) {
    const value = `synchronous=${NAMES[synchronous] ?? synchronous} with journal_mode=${journalMode}`;
    findings.push(`SQLite has ${value}, so committed events can be lost with the power: it must be wal with FULL`);
  }
  if (findings.length === 0) return SAFE;
  return { status: "unsafe", findings: findings.map((detail) => ({ part: "store", detail })) };
}
