//   client ─proxy─▶ single ─▶ SQLite
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { type Deployment, type DeploymentOptions, LARGE_PAYLOAD_BYTES } from "./deployment.ts";
import { mountDisk } from "./disk.ts";
import { openServiceComponent } from "./service-component.ts";

/** The queue is small, so that it fills during a fault. */
const QUEUE_MAX_SIZE = 500;

/** Starts a single process with a new database file. */
export async function openSingleDeployment({ dir, diskMebibytes }: DeploymentOptions): Promise<Deployment> {
  const dataDir = join(dir, "data");
  const disk = diskMebibytes === undefined ? undefined : await mountDisk(dataDir, diskMebibytes);
  const path = join(dataDir, "tidemark.db");
  const endings: string[] = [];
  const single = await openServiceComponent({
    service: "single",
    name: "single",
    environment: { DATABASE_PATH: path, QUEUE_MAX_SIZE: String(QUEUE_MAX_SIZE), LOG_LEVEL: "info" },
    dir,
    onEnding: (line) => endings.push(line),
  });
  const proxy = await startTcpProxy(`http://127.0.0.1:${single.port}`);
  const ready = () => single.ready();

  return {
    publishUrls: [new URL(`http://127.0.0.1:${proxy.port}/publish`)],
    queryUrl: new URL(`http://127.0.0.1:${single.port}`),
    components: new Map([[single.name, single]]),
    proxies: new Map([["client>single", proxy]]),
    disks: new Map(disk === undefined ? [] : [[single.name, disk]]),
    programs: ["SQLite"],
    endings,
    largePayloadBytes: LARGE_PAYLOAD_BYTES,
    queueStarts: () => single.starts,
    async fill(holdMs) {
      await ready(); // single does not start while the file is locked for more than a few seconds
      await holdWriteLock(path, holdMs);
    },
    countRedeliveries: async () => undefined,
    ready,
    async close() {
      await single.kill();
      await proxy.close();
      await disk?.unmount();
    },
  };
}

/** Holds the write lock of the file, so that single cannot commit. */
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
