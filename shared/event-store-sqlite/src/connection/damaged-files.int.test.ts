import { mkdtemp, open, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Unavailable } from "@tidemark/domain/errors";
import { apply, verdictsOf } from "@tidemark/event-store/contract/applying";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { verifySqlite } from "../maintain/audit.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";

// As in sqlite-event-store.int.test.ts: half of the cost of starting a store.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

const logger = createLogger({ service: "test", level: "silent" });

/** Returns the path of a closed file with some thousand events of topic `t`. */
async function makeFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger });
  await verdictsOf(
    store,
    Array.from({ length: 3_000 }, (_, id) => eventText({ topic: "t", id: `${id}` })),
  );
  await store.close();
  return path;
}

/** Overwrites all pages behind the first few, which hold the schema. */
async function damage(path: string): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path, "r+");
  const start = 40 * 4_096;
  await file.write(Buffer.alloc(size - start, 0xa5), 0, size - start, start);
  await file.close();
}

const ADVICE = /the database file .*tidemark\.db is damaged \(SQLITE_\w+\): .* restore a backup, .* \.recover/;

test("a damaged SQLite file is a store that cannot be reached, and the store names the file and what to do", async () => {
  const path = await makeFile();
  await damage(path);
  const error = vi.spyOn(logger, "error");
  const store = await openSqliteEventStore({ path, logger });
  onTestFinished(() => store.close());
  expect(store.damage).toBeUndefined();

  const duplicates = Array.from({ length: 3_000 }, (_, id) => eventText({ topic: "t", id: `${id}` }));
  await expect(apply(store, deliveryOf(duplicates))).rejects.toThrow(Unavailable);
  await expect(store.listEvents({ order: "desc", limit: 1_000 })).rejects.toThrow(Unavailable);
  await expect(store.audit()).rejects.toThrow(Unavailable);

  expect(store.damage).toMatch(
    /^the database file tidemark\.db is damaged \(SQLITE_\w+\): .* restore a backup, .* \.recover/,
  );
  expect(store.damage).not.toContain(dirname(path)); // GET /health shows it to strangers
  expect(error).toHaveBeenCalledExactlyOnceWith(
    expect.anything(),
    expect.stringContaining(`the database file ${path} is damaged`),
  );
  await expect(store.ping()).resolves.toBeUndefined();
});

test("a SQLite file that was truncated is refused with its path and what to do", async () => {
  const path = await makeFile();
  await truncate(path, 2 * 4_096);

  await expect(openSqliteEventStore({ path, logger })).rejects.toThrow(ADVICE);
  expect(() => verifySqlite(path)).toThrow(ADVICE);
});
