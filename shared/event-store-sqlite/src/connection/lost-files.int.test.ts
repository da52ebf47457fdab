import { mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test } from "vitest";
import { prepareReadOrCreateSecret } from "../maintain/secret.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";
import { openWriterDatabase } from "./database.ts";
import { watchFile } from "./watch-file.ts";

/** Opens a database with one row, which is in the write-ahead log and not yet in the file. */
async function openForTest() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const path = join(directory, "tidemark.db");
  const { database, close } = openWriterDatabase(path);
  const watch = watchFile(database, path);
  const secret = prepareReadOrCreateSecret(database)("of the test");
  onTestFinished(async () => {
    close();
    await rm(directory, { recursive: true });
  });
  watch.check();
  return { path, directory, watch, secret };
}

/** Reads the row from a file that no other connection has open. */
function secretIn(path: string): string {
  const { database, close } = openWriterDatabase(path);
  try {
    return prepareReadOrCreateSecret(database)("of the test");
  } finally {
    close();
  }
}

/** Finds the copy that was saved beside a file. */
async function findCopy(path: string): Promise<string> {
  const names = await readdir(dirname(path));
  return join(dirname(path), names.find((name) => name.startsWith(`${basename(path)}.saved-`)) ?? "no copy");
}

test.each([
  ["deleted", "was deleted or moved", (path: string) => rm(path)],
  ["moved", "was deleted or moved", (path: string) => rename(path, `${path}.aside`)],
  [
    "replaced",
    "was replaced by another file",
    async (path: string) => {
      await writeFile(`${path}.new`, "");
      await rename(`${path}.new`, path);
    },
  ],
])("the content of an SQLite file is saved in a copy when the file is %s", async (_name, event, lose) => {
  const { path, watch, secret } = await openForTest();
  await lose(path);

  expect(() => watch.check()).toThrow(
    `${path} ${event} while it was in use. All confirmed events were saved in ${path}.saved-`,
  );

  const copy = await findCopy(path);
  expect(secretIn(copy)).toBe(secret);
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
});

test("a store whose file was deleted saves its content in a copy when it closes, and fails", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger: createLogger({ service: "test", level: "silent" }) });
  const secret = await store.readOrCreateSecret("of the test");
  await rm(path);

  await expect(store.close()).rejects.toThrow("was deleted or moved while it was in use");

  expect(secretIn(await findCopy(path))).toBe(secret);
});

test("the content of a write-ahead log is saved in the SQLite file when the log is deleted", async () => {
  const { path, directory, watch, secret } = await openForTest();
  await rm(`${path}-wal`);

  expect(() => watch.check()).toThrow(
    `${path}-wal was deleted or replaced while it was in use. All confirmed events were saved`,
  );

  const saved = join(directory, "saved.db");
  await rename(path, saved);
  expect(secretIn(saved)).toBe(secret);
});

test("a lost SQLite file that cannot be saved is reported with the reason", async () => {
  const { directory, watch, path } = await openForTest();
  await rename(directory, `${directory}.aside`);
  onTestFinished(() => rename(`${directory}.aside`, directory));

  expect(() => watch.check()).toThrow(
    `${path} was deleted or moved while it was in use. The confirmed events could not be saved`,
  );
});
