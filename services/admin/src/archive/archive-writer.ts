import { once } from "node:events";
import { createWriteStream, existsSync, type WriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ArchiveSink } from "@tidemark/event-store/archive/archive-tables";
import { renameDurably } from "@tidemark/event-store-sqlite/backup/durable-file";
import type { ArchiveEnd, ArchiveHeader } from "./format.ts";

/** Writes the sections of an archive, one after the other. */
export interface ArchiveWriter extends ArchiveSink {
  /** Begins the section whose lines are frames of the log. */
  beginFrames(): Promise<void>;
}

interface ArchiveToWrite {
  to: string;
  replace: boolean;
  header: ArchiveHeader;
  write: (writer: ArchiveWriter) => Promise<ArchiveEnd>;
}

const LEVEL = 1; // the fastest: a backup holds a snapshot of the store while it is written

/**
 * Writes an archive under a temporary name. It gets its own name when it is complete and on the disk.
 *
 * @throws {Error} if a file of that name exists and `replace` is not set
 */
export async function writeArchive({ to, replace, ...archive }: ArchiveToWrite) {
  const path = resolve(to);
  if (existsSync(path) && !replace) throw new Error(`${path} exists: choose another name, or add --replace`);
  const partial = `${path}.partial`;
  await rm(partial, { force: true }); // left by a command that was killed
  const file = createWriteStream(partial, { flags: "wx", mode: 0o600 }); // it holds events
  try {
    const end = await writeCompressed(file, archive);
    renameDurably(partial, path);
    return { path, bytes: (await stat(path)).size, end };
  } catch (error) {
    file.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeCompressed(
  file: WriteStream,
  { header, write }: Pick<ArchiveToWrite, "header" | "write">,
): Promise<ArchiveEnd> {
  const gzip = createGzip({ level: LEVEL });
  file.on("error", (error) => gzip.destroy(error));
  gzip.on("error", () => undefined); // without a listener it ends the process; the next write and the end report it
  const written = finished(gzip.pipe(file));
  written.catch(() => undefined); // it is awaited below, unless an earlier error is reported
  const put = async (piece: string | Uint8Array): Promise<void> => {
    if (gzip.errored) throw gzip.errored;
    if (!gzip.write(piece)) await once(gzip, "drain");
  };
  await put(`${JSON.stringify(header)}\n`);
  const end = await write({
    beginTable: (table) => put(`${JSON.stringify({ table })}\n`),
    beginFrames: () => put(`${JSON.stringify({ table: "log_frames" })}\n`),
    write: put,
  });
  gzip.end(`${JSON.stringify({ end })}\n`);
  await written;
  return end;
}
