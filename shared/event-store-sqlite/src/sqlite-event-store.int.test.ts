import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Unavailable } from "@tidemark/domain/errors";
import { apply, findStored, verdictsOf } from "@tidemark/event-store/contract/applying";
import { describeEventStore } from "@tidemark/event-store/contract/event-store-contract";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import type { ReopenOptions } from "@tidemark/event-store/contract/store-under-test";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { createDataDirectory } from "@tidemark/test-support/infrastructure/data-directory";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openWriterDatabase } from "./connection/database.ts";
import { lendThread } from "./fixture/lent-threads.ts";
import { verifySqlite } from "./maintain/audit.ts";
import { openSqliteEventStore } from "./sqlite-event-store.ts";
import { SqliteWorker } from "./worker/worker.ts";

const logger = createLogger({ service: "test", level: "silent" });

// A store has two threads. Compiling their modules takes 240 ms of processor time, reading them from the cache 120.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

async function makeDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "tidemark-"));
}

async function openEmpty() {
  const directory = await createDataDirectory("tidemark-");
  const path = join(directory, "tidemark.db");
  let store = await openSqliteEventStore({ path, logger, startThread: lendThread });
  return {
    store,
    reopen: async (options?: ReopenOptions) => {
      await store.close();
      store = await openSqliteEventStore({ path, logger, startThread: lendThread, ...options });
      return store;
    },
    refuse: async (...ids: string[]) => {
      const list = ids.map((id) => `'${id}'`).join(",");
      changeTables(
        path,
        `CREATE TRIGGER refusal BEFORE INSERT ON events WHEN NEW.event_id IN (${list})
         BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
      );
    },
    accept: async () => changeTables(path, "DROP TRIGGER refusal"),
    change: async (sql: string) => changeTables(path, sql),
    endMinute: async () => undefined,
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

describeEventStore("the SQLite event store", openEmpty);

test("a commit also empties the drive's own cache, where the system supports it", async () => {
  const directory = await makeDirectory();
  const { database, close } = openWriterDatabase(join(directory, "tidemark.db"));
  onTestFinished(() => close());
  expect(database.pragma("fullfsync", { simple: true })).toBe(1);
});

/** Returns a path in a new directory, which is removed when the test ends. */
async function pathForTest(): Promise<string> {
  const directory = await makeDirectory();
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "tidemark.db");
}

async function openForTest(path: string) {
  const store = await openSqliteEventStore({ path, logger });
  onTestFinished(() => store.close());
  return store;
}

describe("an SQLite file", () => {
  test("is created with its directories if they are missing", async () => {
    const path = join(await pathForTest(), "deep", "down", "tidemark.db");

    const store = await openForTest(path);

    await expect(store.ping()).resolves.toBeUndefined();
  });

  test("is synced with every commit", async () => {
    const { database, close } = openWriterDatabase(await pathForTest());
    onTestFinished(close);

    expect(database.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(database.pragma("synchronous", { simple: true })).toBe(2); // FULL
  });

  test("is refused with its path and the fix if it cannot be written", async () => {
    const file = await pathForTest();
    await writeFile(file, "not a directory");
    const path = join(file, "tidemark.db");

    const opening = openSqliteEventStore({ path, logger });

    await expect(opening).rejects.toThrow(`cannot write ${path}`);
    await expect(opening).rejects.toThrow("docker run -v tidemark-data:/app/data");
  });

  test("is not changed if a newer version wrote it", async () => {
    const path = await pathForTest();
    const { database, close } = openWriterDatabase(path);
    database.pragma("user_version = 1000");
    close();

    await expect(openSqliteEventStore({ path, logger })).rejects.toThrow("written by a newer Tidemark");
  });

  test("is refused with its path and the fix if it is not a database", async () => {
    const path = await pathForTest();
    await writeFile(path, "some other file, longer than the hundred bytes of a header of SQLite ".repeat(100));

    await expect(openSqliteEventStore({ path, logger })).rejects.toThrow(
      `${path} is not an SQLite database; choose another`,
    );
  });

  test("is refused without waiting if it is a pipe", async () => {
    const path = await pathForTest();
    execFileSync("mkfifo", [path]);

    await expect(openSqliteEventStore({ path, logger })).rejects.toThrow(`${path} is a device, a pipe or a socket`);
    expect(() => verifySqlite(path)).toThrow(`${path} is a device, a pipe or a socket`);
  });

  test("is refused if its directory cannot be created", async () => {
    const opening = openSqliteEventStore({ path: "/proc/nowhere/tidemark.db", logger });

    await expect(opening).rejects.toThrow("cannot write /proc/nowhere/tidemark.db");
  });

  test("belongs to one store at a time", async () => {
    const path = await pathForTest();
    const first = await openForTest(path);

    await expect(openSqliteEventStore({ path, logger })).rejects.toMatchObject({
      code: "database_in_use", // with a code, the start ends with one sentence and no stack
      message: expect.stringContaining(`${path} is in use by another Tidemark`),
    });

    await first.close();
    await expect((await openForTest(path)).ping()).resolves.toBeUndefined();
  });

  test("belongs to one store at a time even after its lock file was deleted", async () => {
    const path = await pathForTest();
    const first = await openForTest(path);
    await rm(`${path}.lock`);

    await first.readDurability(); // the store checks this every ten seconds, and after each commit

    await expect(openSqliteEventStore({ path, logger })).rejects.toThrow(`${path} is in use by another Tidemark`);
  });

  test("cannot be opened a second time under another name", async () => {
    const path = await pathForTest();
    await openForTest(path);
    const link = `${path}-link`;
    await symlink(path, link);

    await expect(openSqliteEventStore({ path: link, logger })).rejects.toThrow("in use by another Tidemark");
  });

  test("can be opened with all its events after its process was killed", async () => {
    const path = await pathForTest();
    const script = new URL("./fixture/hold-sqlite-store.ts", import.meta.url).pathname;
    const holder = spawn(process.execPath, [script, path, "t", "e"], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void holder.kill("SIGKILL"));
    const [answer] = await once(holder.stdout, "data");
    expect(String(answer)).toBe("s");
    await expect(openSqliteEventStore({ path, logger })).rejects.toThrow("in use by another Tidemark");

    holder.kill("SIGKILL");
    await once(holder, "exit");

    const store = await openForTest(path);
    expect(await findStored(store, "t", "e")).toMatchObject({ eventId: "e" });
    expect(await verdictsOf(store, [eventText({ topic: "t", id: "e" })])).toEqual(["d"]);
  });
});

describe("closing an SQLite store", () => {
  test("lets the calls under way finish and takes no more calls", async () => {
    const path = await pathForTest();
    const store = await openForTest(path);
    const applying = apply(store, deliveryOf([eventText({ topic: "t" })]));
    const reading = store.readBooks({ maxTopics: 1 });

    await store.close();

    expect((await applying).frames).toMatchObject([{ verdicts: "s" }]);
    await expect(reading).resolves.toMatchObject({ conflicts: 0 });
    await expect(store.ping()).rejects.toThrow(Unavailable);
    await expect(apply(store, deliveryOf([eventText()]))).rejects.toThrow(Unavailable);
    await expect(store.close()).resolves.toBeUndefined();
  });

  test("leaves all data in the one file", async () => {
    const path = await pathForTest();
    const store = await openForTest(path);
    await apply(store, deliveryOf([eventText()]));

    await store.close();

    expect([path, `${path}-wal`, `${path}-shm`].map((file) => existsSync(file))).toEqual([true, false, false]);
  });

  test("an SQLite store does not change the frames that it applies, so that they can be applied again", async () => {
    const store = await openForTest(await pathForTest());
    const delivery = deliveryOf([eventText()]);
    const before = delivery.frame.events.toString();

    await apply(store, delivery);

    expect(delivery.frame.events.toString()).toBe(before);
  });
});

test("a secret of an SQLite file is created once, and differs from those of other names and files", async () => {
  const path = await pathForTest();
  const first = await openSqliteEventStore({ path, logger });
  const secrets = [await first.readOrCreateSecret("signing"), await first.readOrCreateSecret("another")];
  await first.close();

  const again = await openForTest(path);

  expect(await again.readOrCreateSecret("signing")).toBe(secrets[0]);
  secrets.push(await (await openForTest(await pathForTest())).readOrCreateSecret("signing"));
  expect(new Set(secrets).size).toBe(3);
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
});

test("totals that differ from their tables, in either direction, are a drift", async () => {
  const path = await pathForTest();
  const store = await openForTest(path);
  const event = eventText({ topic: "t" });
  await verdictsOf(store, [event, event, event]);
  const drifts = [];

  for (const change of ["stored = 2", "stored = 0", "duplicates = 4", "stored = 1, duplicates = 2"]) {
    changeTables(path, `UPDATE book_totals SET ${change}`);
    drifts.push((await store.readBooks({ maxTopics: 0 })).tableDrift);
  }

  expect(drifts).toEqual([1, 1, 3, 0]);
});

test.each(["writer", "reader"])(
  "a %s thread that dies ends the process, and leaves no call unanswered",
  async (victim) => {
    const script = new URL("./fixture/sqlite-store-that-dies.ts", import.meta.url).pathname;
    const args = [script, await pathForTest(), victim];
    const dying = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void dying.kill("SIGKILL"));
    const said = text(dying.stdout);

    const [status] = await once(dying, "exit");

    expect(status).toBe(1);
    expect(await said).toBe("Unavailable");
  },
);

test("calls of a thread that died are rejected", async () => {
  const dying =
    "process.getBuiltinModule('node:worker_threads').parentPort.on('message', () => { throw new Error('x') })";
  const onDeath = vi.fn();
  const worker = new SqliteWorker<{ work(): number; close(): void }>(new URL(`data:text/javascript,${dying}`), {
    onDeath,
  });

  const calls = [worker.call("work", []), worker.call("work", [])];

  for (const call of calls) await expect(call).rejects.toThrow(Unavailable);
  await expect(worker.call("work", [])).rejects.toMatchObject({ code: "store_unreachable", cause: { message: "x" } });
  await expect(worker.close()).resolves.toBeUndefined();
  expect(onDeath).toHaveBeenCalledOnce();
});
