import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { runExport } from "../export/run.ts";
import { restoreLog } from "../restore/stack.ts";
import { linesOf } from "./archive-lines.ts";
import { openArchive } from "./archive-reader.ts";
import { writeArchive } from "./archive-writer.ts";
import type { ArchiveHeader } from "./format.ts";

const HEADER = { tidemark_archive: 1, made_at: new Date().toISOString(), store: "postgres" };

/** Writes a file of these lines, compressed, and returns its path. */
async function archiveOf(...lines: unknown[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "archive");
  await writeFile(path, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
  return path;
}

test("an archive whose age cannot be read is refused", async () => {
  const path = await archiveOf({ ...HEADER, made_at: "yesterday" });

  await expect(openArchive(path)).rejects.toThrow("is not an archive of Tidemark");
});

test("a line that does not end is refused before it fills the memory", async () => {
  const path = await archiveOf(HEADER, "x".repeat(200_000));
  const read = async () => {
    for await (const line of linesOf(path, 100_000)) expect(line).toHaveLength(JSON.stringify(HEADER).length);
  };

  await expect(read()).rejects.toThrow("a line that does not end");
});

test("a restore from a truncated backup appends no frame to the log and contacts no part of the stack", async () => {
  const path = await archiveOf(HEADER, { table: "log_frames" }, { frame_id: "f" });
  const stack = { databaseUrl: "postgres://127.0.0.1:1/none", natsUrl: "nats://127.0.0.1:1" };

  const restore = restoreLog(stack, { from: path, newLog: { maxBytes: 1_000_000, replicas: 1 }, nowMs: Date.now() });

  await expect(restore).rejects.toThrow("its end is missing");
});

test("a file that cannot be written fails the command with the reason, while rows are on their way", async () => {
  const writeUntilRefused = writeArchive({
    to: `${await archiveOf(HEADER)}-no-folder/archive`,
    replace: false,
    header: HEADER as ArchiveHeader,
    write: async (writer) => {
      for (;;) {
        await writer.write("{}\n"); // so little that no write waits for the file
        await setImmediate();
      }
    },
  });

  await expect(writeUntilRefused).rejects.toThrow("ENOENT");
});

test("an export does not replace the database that it reads", async () => {
  const path = await archiveOf("a database");
  const before = await readFile(path);

  await expect(runExport({ to: path, replace: true, sqlite: path })).rejects.toThrow("is the database itself");

  expect(await readFile(path)).toEqual(before);
});
