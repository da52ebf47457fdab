//   client ─wire─▶ single ─▶ SQLite
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy } from "@tidemark/test-support/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { mountDisk } from "./disk.ts";
import { openServicePart } from "./service-part.ts";
import type { World, WorldOptions } from "./world.ts";

/** Small, so that it fills within a fault. */
const QUEUE_MAX_SIZE = 500;

/** Opens the one process, with a file of its own. */
export async function openSingleWorld({ dir, diskMebibytes }: WorldOptions): Promise<World> {
  const dataDir = join(dir, "data");
  const disk = diskMebibytes === undefined ? undefined : await mountDisk(dataDir, diskMebibytes);
  const path = join(dataDir, "tidemark.db");
  const endings: string[] = [];
  const single = await openServicePart({
    service: "single",
    name: "single",
    environment: { DATABASE_PATH: path, QUEUE_MAX_SIZE: String(QUEUE_MAX_SIZE), LOG_LEVEL: "info" },
    dir,
    onEnding: (line) => endings.push(line),
  });
  const wire = await startTcpProxy(`http://127.0.0.1:${single.port}`);
  const ready = () => single.ready();

  return {
    publishUrls: [new URL(`http://127.0.0.1:${wire.port}/publish`)],
    queryUrl: new URL(`http://127.0.0.1:${single.port}`),
    parts: new Map([[single.name, single]]),
    wires: new Map([["client>single", wire]]),
    disks: new Map(disk === undefined ? [] : [[single.name, disk]]),
    programs: ["SQLite"],
    endings,
    lives: () => single.starts,
    async fill(holdMs) {
      await ready(); // it would not start while the file is locked for longer than a few seconds
      await holdWriteLock(path, holdMs);
    },
    countRedeliveries: async () => undefined,
    ready,
    async close() {
      await single.kill();
      await wire.close();
      await disk?.unmount();
    },
  };
}

/** Somebody else writes to the file for so long: nothing is committed meanwhile. */
async function holdWriteLock(path: string, holdMs: number): Promise<void> {
  const other = new DatabaseSync(path);
  try {
    const lock = () => {
      other.exec("BEGIN IMMEDIATE");
      return true;
    };
    await waitFor("the write lock of the file", lock, { timeoutMs: 10_000 });
    await delay(holdMs);
    other.exec("ROLLBACK");
  } finally {
    other.close();
  }
}
