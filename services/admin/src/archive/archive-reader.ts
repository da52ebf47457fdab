import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ArchiveRows } from "@tidemark/event-store/archive/archive-tables";
import { linesOf, readSections } from "./archive-lines.ts";
import { ARCHIVE_VERSION, type ArchiveEnd, ArchiveHeader } from "./format.ts";

/** An archive that can be read several times. */
export interface ArchiveReader {
  path: string;
  header: ArchiveHeader;
  /** Reads the rows of the tables to the end. @throws {Error} if the archive is damaged or not complete */
  readRows(): AsyncGenerator<ArchiveRows>;
  /** Reads the frames of the log, in batches of lines. */
  readFrames(): AsyncGenerator<string[]>;
  /** Returns the end of the archive. It must be called after the rows were read. */
  end(): ArchiveEnd;
}

/** Opens an archive. @throws {Error} if the file is not an archive, or is of a newer version */
export async function openArchive(from: string): Promise<ArchiveReader> {
  const path = resolve(from);
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  const header = await readHeader(path);
  let end: ArchiveEnd | undefined;
  return {
    path,
    header,
    async *readRows() {
      const sections = readSections(path);
      for (;;) {
        const next = await sections.next();
        if (next.done) {
          end = next.value;
          return;
        }
        const { table, rows } = next.value;
        if (table !== "log_frames") yield { table, rows };
      }
    },
    async *readFrames() {
      for await (const { table, rows } of readSections(path)) {
        if (table !== "log_frames") return;
        yield rows;
      }
    },
    end: () => {
      if (end === undefined) throw new Error("the rows were not read to the end");
      return end;
    },
  };
}

async function readHeader(path: string): Promise<ArchiveHeader> {
  for await (const line of linesOf(path)) {
    const { data } = ArchiveHeader.safeParse(parsed(line));
    if (data === undefined) break;
    if (data.tidemark_archive > ARCHIVE_VERSION) throw new Error(`${path} was written by a newer Tidemark`);
    return data;
  }
  throw new Error(`${path} is not an archive of Tidemark`);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
