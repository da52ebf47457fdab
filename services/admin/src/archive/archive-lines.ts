import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { ArchiveEnd, type SectionName } from "./format.ts";

/** Lines of one section. */
export interface SectionLines {
  table: SectionName;
  rows: string[];
}

const MAX_BATCH_ROWS = 2_000;
const MAX_BATCH_CHARACTERS = 1_000_000;
/** The maximum length of a line. An event has at most 64 MB, and its quotes and backslashes take two bytes here. */
const MAX_LINE_BYTES = 2 ** 28;

/**
 * Reads the lines of all sections in batches, and returns the end.
 *
 * @throws {Error} if the archive is damaged or not complete
 */
export async function* readSections(path: string): AsyncGenerator<SectionLines, ArchiveEnd> {
  const counted: Record<string, number> = {};
  let batch: SectionLines | undefined;
  let characters = 0;
  let isHeader = true;
  for await (const line of linesOf(path)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    const isMark = line.startsWith('{"table":') || line.startsWith('{"end":');
    const isFull = batch?.rows.length === MAX_BATCH_ROWS || characters + line.length > MAX_BATCH_CHARACTERS;
    if (batch !== undefined && batch.rows.length > 0 && (isMark || isFull)) {
      yield batch;
      batch = { table: batch.table, rows: [] };
      characters = 0;
    }
    if (isMark) {
      const mark = JSON.parse(line) as { table?: SectionName; end?: unknown };
      if (mark.table === undefined) return checkEnd(path, ArchiveEnd.parse(mark.end), counted);
      batch = { table: mark.table, rows: [] };
      continue;
    }
    if (batch === undefined) throw new Error(`${path} is damaged: a row without a table`);
    batch.rows.push(line);
    characters += line.length;
    counted[batch.table] = (counted[batch.table] ?? 0) + 1;
  }
  throw new Error(`${path} is not complete: its end is missing`);
}

function checkEnd(path: string, end: ArchiveEnd, counted: Record<string, number>): ArchiveEnd {
  for (const [table, count] of Object.entries(end.rows)) {
    if ((counted[table] ?? 0) !== count) throw new Error(`${path} is damaged: rows of ${table} are missing`);
  }
  return end;
}

/** Splits only at line feeds. `node:readline` would also split at U+2028, which JSON texts may contain. */
export async function* linesOf(path: string, maxLineBytes = MAX_LINE_BYTES): AsyncGenerator<string> {
  const source = createReadStream(path);
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  let pieces: Buffer[] = [];
  let bytes = 0; // of the pieces
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      let start = 0;
      for (let at = chunk.indexOf("\n"); at >= 0; at = chunk.indexOf("\n", start)) {
        const line = chunk.subarray(start, at);
        yield pieces.length === 0 ? line.toString() : Buffer.concat([...pieces, line]).toString();
        pieces = [];
        bytes = 0;
        start = at + 1;
      }
      if (start < chunk.length) pieces.push(chunk.subarray(start));
      bytes += chunk.length - start;
      if (bytes > maxLineBytes)
        throw new Error(`${path} is not an archive of Tidemark: it has a line that does not end`);
    }
  } catch (cause) {
    if (gunzip.errored !== cause) throw cause; // of the reader of the lines
    throw new Error(`${path} cannot be read: it is damaged, not complete, or not an archive of Tidemark`, { cause });
  } finally {
    source.destroy();
  }
}
