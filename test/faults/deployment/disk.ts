import { execFile, execFileSync } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A small file system for the data of one server. */
export interface Disk {
  /** Keeps the disk full for this time, even while the server frees space. */
  fill(holdMs: number): Promise<void>;
  unmount(): Promise<void>;
}

const CHUNK = Buffer.alloc(1024 * 1024);
const PAGE = CHUNK.subarray(0, 4096);
const REFILL_EVERY_MS = 100;

/** Mounts a tmpfs on `dir`. Returns undefined if this process may not mount, which usually requires root. */
export async function mountDisk(dir: string, mebibytes: number): Promise<Disk | undefined> {
  await mkdir(dir, { recursive: true });
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0755`, "tidemark-faults", dir]);
  } catch {
    return undefined;
  }
  const ballast = join(dir, "ballast");
  const unmountAtExit = () => void execFileSync("umount", ["--lazy", dir]);
  process.once("exit", unmountAtExit);
  return {
    async fill(holdMs) {
      const endsAtMs = performance.now() + holdMs;
      try {
        while (performance.now() < endsAtMs) {
          await takeAll(ballast);
          await delay(REFILL_EVERY_MS);
        }
      } finally {
        await rm(ballast, { force: true });
      }
    },
    async unmount() {
      process.off("exit", unmountAtExit);
      await run("umount", ["--lazy", dir]);
    },
  };
}

/** Extends the file until the disk is full. */
async function takeAll(path: string): Promise<void> {
  const file = await open(path, "a");
  try {
    for (const piece of [CHUNK, PAGE]) while (await fits(() => file.write(piece)));
  } finally {
    await file.close();
  }
}

async function fits(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    return false;
  }
}
