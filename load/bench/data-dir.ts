import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface DataDir {
  path: string;
  stop(): Promise<void>;
}

/** Creates a new folder under data/, on the disk that a deployment here would use; `stop` removes it. */
export async function openDataDir(): Promise<DataDir> {
  const parent = fileURLToPath(new URL("../../data/", import.meta.url));
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, "bench-"));
  await chmod(path, 0o755); // PostgreSQL may run as another user
  return { path, stop: () => rm(path, { recursive: true, force: true }) };
}
