//   client ─wire─▶ single ─▶ SQLite
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../support/wait-for.ts";
import { openServicePart } from "./service-part.ts";
import { openWire } from "./wire.ts";
import type { World } from "./world.ts";

/** Small, so that it fills within a fault. */
const QUEUE_MAX_SIZE = 500;
const READY_TIMEOUT_MS = 60_000;

/** Opens the one process, with a file of its own. `dir` is where data and log are. */
export async function openSingleWorld({ dir }: { dir: string }): Promise<World> {
  const path = join(dir, "tidemark.db");
  const endings: string[] = [];
  const single = await openServicePart({
    name: "single",
    main: "../../services/single/src/main.ts",
    environment: { DATABASE_PATH: path, QUEUE_MAX_SIZE: String(QUEUE_MAX_SIZE), LOG_LEVEL: "info" },
    dir,
    onEnding: (line) => endings.push(line),
  });
  await single.start();
  const wire = await openWire(single.port);
  const ready = async () => {
    await waitFor("single to be ready", () => single.isReady(), { timeoutMs: READY_TIMEOUT_MS, intervalMs: 100 });
  };

  return {
    publishUrls: [new URL(`http://127.0.0.1:${wire.port}/publish`)],
    queryUrl: new URL(`http://127.0.0.1:${single.port}`),
    parts: new Map([[single.name, single]]),
    wires: new Map([["client>single", wire]]),
    programs: ["SQLite"],
    endings,
    lives: () => single.starts,
    async fill(holdMs) {
      await ready(); // it would not start while the file is locked for longer than a few seconds
      await holdWriteLock(path, holdMs);
    },
    ready,
    async close() {
      await single.kill();
      await wire.close();
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
