import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { InvalidKeysFile, type KeyEntry, parseKeysFile } from "@tidemark/runtime/access/key-entry";

/** A file of keys cannot be read, written or understood. The message is for people. */
export class KeysFileFault extends Error {
  override readonly name = "KeysFileFault";
}

export async function readKeysFile(path: string): Promise<KeyEntry[]> {
  try {
    return parseKeysFile(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof InvalidKeysFile) throw new KeysFileFault(`${path} is broken:\n${error.message}`);
    throw new KeysFileFault(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export async function readKeysFileIfAny(path: string): Promise<KeyEntry[]> {
  const exists = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  return exists ? readKeysFile(path) : [];
}

const LOCK_WAIT_MS = 2_000;
const TRY_AGAIN_MS = 20;

/**
 * Locks a file against other commands until the lock is disposed of. Without the lock, the later of two commands could
 * replace the file without the entry of the other one.
 */
export async function lockKeysFile(path: string): Promise<AsyncDisposable> {
  const lock = `${await realpath(path).catch(() => path)}.lock`;
  const lastMs = performance.now() + LOCK_WAIT_MS;
  while (!(await createLock(path, lock))) {
    if (performance.now() > lastMs) {
      throw new KeysFileFault(`${path} is being changed by another command; if there is none, delete ${lock}`);
    }
    await delay(TRY_AGAIN_MS);
  }
  return { [Symbol.asyncDispose]: () => rm(lock, { force: true }) };
}

/** Returns false if the lock exists. */
async function createLock(path: string, lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new KeysFileFault(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Replaces a file by a rename, so that no reader sees half of it. Only its owner can read a new file. A former file
 * keeps its mode and its owner, because the service that reads it may run as another user.
 */
export async function writeKeysFile(path: string, entries: KeyEntry[]): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomUUID()}`;
  try {
    const former = await stat(target).catch(() => undefined);
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(textOf(entries));
      if (former !== undefined) {
        await file.chmod(former.mode & 0o777);
        if (former.uid !== process.getuid?.()) await file.chown(former.uid, former.gid);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new KeysFileFault(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** One entry a line, so that a change of one entry is a change of one line. */
function textOf(entries: KeyEntry[]): string {
  return `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;
}
