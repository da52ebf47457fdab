import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Durability, SAFE } from "@tidemark/domain/durability";

/** Looks at whether a path still names the file that was opened there. */
export interface FileWatch {
  /**
   * Unsafe where the path names no file any more: what is committed then may end with the process.
   *
   * @throws {Error} when another file is there: whoever put it there reads and backs up that one
   */
  check(): Durability;
}

/** To be called once the file is open. */
export function watchFile(path: string): FileWatch {
  const opened = identify(path);
  return {
    check() {
      const now = identify(path);
      if (now === opened) return SAFE;
      if (now === undefined) {
        const detail =
          `${resolve(path)} is gone, deleted or moved, and what is stored goes into it nevertheless: move it back, or ` +
          "copy it out of /proc/PID/fd before this process stops";
        return { status: "unsafe", findings: [{ part: "store", detail }] };
      }
      throw new Error(
        `${resolve(path)} was replaced by another file while it was in use. All that was confirmed is in the file that ` +
          "was there before, with its -wal: put both back, or start with the new one",
      );
    },
  };
}

function identify(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
