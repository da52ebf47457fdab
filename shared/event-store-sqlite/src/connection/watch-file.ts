import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Durability, SAFE } from "@tidemark/domain/durability";

/** Tells whether a path still names the file that was opened there. */
export interface FileWatch {
  /**
   * Returns "unsafe" if the path names no file any more: commits from then on may be lost when the process ends.
   *
   * @throws {Error} when the path names another file: readers and backups would use that one
   */
  check(): Durability;
}

/** Begins to watch a file that is open. */
export function watchFile(path: string): FileWatch {
  const opened = identify(path);
  return {
    check() {
      const now = identify(path);
      if (now === opened) return SAFE;
      if (now === undefined) {
        const detail =
          `${resolve(path)} was deleted or moved, and events are still stored in the missing file: move it back, or ` +
          "copy it out of /proc/PID/fd before this process stops";
        return { status: "unsafe", findings: [{ part: "store", detail }] };
      }
      throw new Error(
        `${resolve(path)} was replaced by another file while it was in use. All confirmed events are in the file that ` +
          "was there before and its -wal: put both back, or start with the new file",
      );
    },
  };
}

function identify(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
