import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { StoreUsage } from "@tidemark/event-store/usage";
import { storeUnreachable } from "../connection/errors.ts";

/** `UsageReader.readUsage`: reads the sizes of the file and its write-ahead log, and the room on their disk. */
export async function readUsage(path: string): Promise<StoreUsage> {
  try {
    const [file, log, disk] = await Promise.all([stat(path), stat(`${path}-wal`), statfs(dirname(path))]);
    return {
      databaseBytes: file.size + log.size,
      disk: { freeBytes: disk.bavail * disk.bsize, sizeBytes: disk.blocks * disk.bsize },
    };
  } catch (error) {
    throw storeUnreachable("the sizes of the database file cannot be read", error as Error);
  }
}
