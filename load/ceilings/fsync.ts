import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const BLOCK = Buffer.alloc(4_096, 1);

/** Measures how many appended blocks of 4 KiB per second this disk confirms. */
export function measureFsync(directory: string, seconds: number): number {
  const path = join(directory, "fsync-probe");
  const file = openSync(path, "w");
  try {
    let synced = 0;
    const startedAt = performance.now();
    const endsAt = startedAt + seconds * 1_000;
    while (performance.now() < endsAt) {
      writeSync(file, BLOCK);
      fdatasyncSync(file);
      synced++;
    }
    return synced / ((performance.now() - startedAt) / 1_000);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
