import { statSync } from "node:fs";
import { copyFile, lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArchiveRows } from "@tidemark/event-store/archive/archive-tables";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { importSqlite } from "../archive/write-archive.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";
import { restoreSqlite } from "./restore-backup.ts";
import { backupSqlite } from "./take-backup.ts";

const logger = createLogger({ service: "test", level: "silent" });

async function prepare() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const open = async () => {
    const store = await openSqliteEventStore({ path, logger });
    onTestFinished(() => store.close());
    return store;
  };
  const store = await open();
  await verdictsOf(store, [eventText({ topic: "t", id: "1" }), eventText({ topic: "t", id: "1" })]);
  return { directory, path, copy: join(directory, "copy.db"), store, open };
}

test("a restore refuses a database in use, an existing database, and an incomplete backup, and then changes nothing", async () => {
  const { directory, path, copy, store } = await prepare();
  backupSqlite({ from: path, to: copy, replace: false });
  const restore = (from: string, replace = true) => {
    return () => restoreSqlite({ from, to: path, replace });
  };
  const [half, newer] = [join(directory, "half.db"), join(directory, "newer.db")];

  expect(restore(copy)).toThrow("is in use by another Tidemark");
  expect(() => restoreSqlite({ from: path, to: `${path}.other`, replace: false })).toThrow("npm run backup");
  await store.close();
  expect(restore(copy, false)).toThrow("--replace");
  await copyFile(copy, half);
  await writeFile(half, Buffer.alloc(20_000), { flag: "r+" });
  expect(restore(half)).toThrow("is not an SQLite database");
  await copyFile(copy, newer);
  changeTables(newer, "PRAGMA user_version = 999");
  expect(restore(newer)).toThrow("was written by a newer Tidemark");
  expect(restore(join(directory, "none.db"))).toThrow("there is no file");

  const files = ["copy.db", "half.db", "newer.db", "tidemark.db", "tidemark.db.lock"];
  expect((await readdir(directory)).filter((name) => !name.startsWith("tidemark.db.other")).toSorted()).toEqual(files);
});

test("a restore keeps the database that it replaces, readable by its owner alone", async () => {
  const { path, copy, store, open } = await prepare();
  backupSqlite({ from: path, to: copy, replace: false });
  await verdictsOf(store, [eventText({ topic: "t", id: "2" })]);
  await store.close();

  const { replaced = "" } = restoreSqlite({ from: copy, to: path, replace: true });

  expect(statSync(replaced).mode & 0o777).toBe(0o600);
  const restored = await open();
  expect(await restored.findEvent("t", "2")).toBeUndefined();
  expect(await restored.findEvent("t", "1")).toBeDefined();
  expect(backupSqlite({ from: replaced, to: `${copy}.2`, replace: false }).audit.counted).toMatchObject({ stored: 2 });
});

/** Makes a backup, stores an event, and returns the write-ahead log that holds the event. */
async function prepareLog() {
  const prepared = await prepare();
  const { directory, path, copy, store } = prepared;
  backupSqlite({ from: path, to: copy, replace: false });
  await verdictsOf(store, [eventText({ topic: "t", id: "2" })]);
  const log = join(directory, "log");
  await copyFile(`${path}-wal`, log);
  await store.close();
  return { ...prepared, log };
}

test("a restore ignores the write-ahead log of a database that was deleted", async () => {
  const { path, copy, log, open } = await prepareLog();
  await rm(path);
  await copyFile(log, `${path}-wal`);

  restoreSqlite({ from: copy, to: path, replace: false });

  const restored = await open();
  expect(await restored.findEvent("t", "2")).toBeUndefined();
  expect(await restored.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 1, tableDrift: 0 });
});

test("a restore ignores files under its temporary name, and does not write through a link there", async () => {
  const { directory, path, copy, log, open } = await prepareLog();
  const other = join(directory, "other");
  await writeFile(other, "of another program");
  await symlink(other, `${path}.restoring`);
  await copyFile(log, `${path}.restoring-wal`);

  restoreSqlite({ from: copy, to: path, replace: true });

  expect((await lstat(path)).isFile()).toBe(true);
  expect(await readFile(other, "utf8")).toBe("of another program");
  expect(await (await open()).findEvent("t", "2")).toBeUndefined();
});

test("only its owner can read a database that is being imported", async () => {
  const { copy } = await prepare();
  const modes: number[] = [];
  const rows = async function* (): AsyncGenerator<ArchiveRows> {
    modes.push(statSync(`${copy}.importing`).mode & 0o777);
    yield { table: "events", rows: [] };
  };

  await importSqlite({ path: copy, replace: false, rows: rows(), check: () => undefined });

  expect(modes).toEqual([0o600]);
});

test("a backup contains no bytes that were deleted from the database", async () => {
  const { path, copy, store } = await prepare();
  const payload = JSON.stringify({ secrets: "of a person ".repeat(2_000) }); // large enough for separate pages
  await verdictsOf(store, [eventText({ topic: "t", id: "erased", payload })]);
  await store.close();
  changeTables(path, "UPDATE events SET payload = NULL WHERE event_id = 'erased'");

  backupSqlite({ from: path, to: copy, replace: false });

  expect((await readFile(path)).includes("of a person")).toBe(true);
  expect((await readFile(copy)).includes("of a person")).toBe(false);
});

test("a backup does not replace its own database, even through a link", async () => {
  const { directory, path, store } = await prepare();
  const link = join(directory, "link.db");
  await symlink(path, link);

  for (const to of [path, link]) {
    expect(() => backupSqlite({ from: path, to, replace: true })).toThrow("is the database itself");
  }

  expect(await verdictsOf(store, [eventText({ topic: "t", id: "2" })])).toEqual(["s"]);
});

test("a backup replaces an earlier one of that name only on request", async () => {
  const { path, copy, store } = await prepare();
  backupSqlite({ from: path, to: copy, replace: false });
  await verdictsOf(store, [eventText({ topic: "t", id: "2" })]);

  expect(() => backupSqlite({ from: path, to: copy, replace: false })).toThrow("--replace");
  expect(backupSqlite({ from: path, to: copy, replace: true }).audit.counted).toMatchObject({ stored: 2 });
});

test("a reader whose cursor is beyond the restored state gets every event that is stored after the restore, once", async () => {
  const { path, copy, store, open } = await prepare();
  backupSqlite({ from: path, to: copy, replace: false });
  const lost = Array.from({ length: 5 }, (_, id) => eventText({ topic: "t", id: `lost ${id}` }));
  await verdictsOf(store, lost);
  const cursor = await store.readTip();
  await store.close();

  /** Restores the backup, stores an event, and returns what a reader gets behind a cursor. */
  const restoreAndRead = async (after: string, id: string) => {
    restoreSqlite({ from: copy, to: path, replace: true });
    const restored = await open();
    await verdictsOf(restored, [eventText({ topic: "t", id })]);
    const { events, next } = await restored.listEvents({ order: "asc", limit: 10, after });
    const everything = await restored.listEvents({ order: "asc", limit: 10 });
    expect(everything.events.map(({ eventId }) => eventId)).toEqual(["1", id]);
    const newest = await restored.listEvents({ order: "desc", limit: 10, after });
    expect(newest.events.map(({ eventId }) => eventId)).toEqual(["1"]);
    await restored.close();
    return { ids: events.map(({ eventId }) => eventId), next: next as string };
  };

  const first = await restoreAndRead(cursor, "after the first restore");
  expect(first.ids).toEqual(["after the first restore"]);
  // The same backup is restored once more. Its new positions are also beyond those of the first restore.
  const second = await restoreAndRead(first.next, "after the second restore");
  expect(second.ids).toEqual(["after the second restore"]);
});

test("a restored database has the time of its backup, and the number of events that the replaced database received since", async () => {
  const { path, copy, store, open } = await prepare();
  backupSqlite({ from: path, to: copy, replace: false });
  await verdictsOf(store, [eventText({ topic: "t", id: "2" }), eventText({ topic: "t", id: "2" })]);
  await store.close();

  expect(restoreSqlite({ from: copy, to: path, replace: true })).toMatchObject({ lostEvents: 2 });

  const books = await (await open()).readBooks({ maxTopics: 1 });
  expect(books).toMatchObject({ tableDrift: 0, lastRestore: { lostFrames: null, lostEvents: 2 } });
  expect(Date.parse(books.lastRestore?.backedUpAt ?? "")).toBeLessThanOrEqual(
    Date.parse(books.lastRestore?.restoredAt ?? ""),
  );
});
