import { statfsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
// A run of all tests writes less than 3 GB at a time. In a container, /dev/shm often has only 64 MB.
const ENOUGH_BYTES = 8 * 1024 ** 3;

/**
 * Creates a folder for the data of a server or a store, on a file system in memory if there is one with enough space. A
 * commit then waits for no disk. What a killed process has written stays in memory as it would on a disk; only a power
 * failure would lose it, and no test has one.
 */
export function createDataDirectory(prefix: string): Promise<string> {
  return mkdtemp(join(hasMemory() ? MEMORY : tmpdir(), prefix));
}

function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, freemem()) >= ENOUGH_BYTES;
  } catch {
    return false; // only Linux has it
  }
}
