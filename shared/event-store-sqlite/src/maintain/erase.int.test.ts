import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test, vi } from "vitest";
import { lendThread } from "../fixture/lent-threads.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";
import { SqliteWorker } from "../worker/worker.ts";
import { vacuumSqlite } from "./vacuum.ts";

const logger = createLogger({ service: "test", level: "silent" });

const SECRETS = ["secret-payload", "secret-attribute", "secret-source", "secret-conflict", "secret-letter"];

async function openForTest() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger, startThread: lendThread });
  onTestFinished(() => store.close());
  /** Returns the secrets that are in one of the files of the store. */
  const found = async () => {
    const files = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name))));
    return SECRETS.filter((secret) => files.some((file) => file.includes(secret)));
  };
  return { path, store, found };
}

/** Stores events with secrets among others, some small and some large, with duplicates, conflicts and a dead letter. */
async function fill({ path, store }: Awaited<ReturnType<typeof openForTest>>): Promise<string[]> {
  const ids = Array.from({ length: 40 }, (_, n) => `e-${n}`);
  for (const [n, id] of ids.entries()) {
    const filling = "x".repeat(n % 3 === 0 ? 20_000 : 200);
    const event = {
      id,
      topic: "t",
      source: "secret-source",
      payload: `{"text":"secret-payload ${filling}"}`,
      attributes: `{"more":"secret-attribute ${filling}"}`,
    };
    const conflict = eventText({ ...event, payload: `{"text":"secret-conflict ${filling}"}` });
    const others = Array.from({ length: 20 }, () => eventText({ topic: "t", payload: '{"text":"public"}' }));
    await verdictsOf(store, [...others, eventText(event), eventText(event), conflict]);
  }
  changeTables(path, "CREATE TRIGGER refusal BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END");
  const refused = eventText({ topic: "t", id: "e-0", payload: '{"text":"secret-letter"}' });
  expect(await verdictsOf(store, [refused])).toEqual(["x"]);
  changeTables(path, "DROP TRIGGER refusal");
  return ids;
}

test("nothing of erased events is in the files after the next vacuum", async () => {
  const opened = await openForTest();
  const ids = await fill(opened);
  expect(await opened.found()).toEqual(SECRETS);

  for (const id of ids) await opened.store.eraseEvent("t", id);
  await opened.store.close();
  vacuumSqlite(opened.path);

  expect(await opened.found()).toEqual(["secret-source"]); // from the counters, in which sources of duplicates stay
  changeTables(opened.path, "DELETE FROM source_counters");
  vacuumSqlite(opened.path);
  expect(await opened.found()).toEqual([]);
});

test("concurrent erasures empty the WAL together, because every commit waits for this", async () => {
  const { store } = await openForTest();
  await verdictsOf(store, [eventText({ topic: "t", id: "1" })]);
  const call = vi.spyOn(SqliteWorker.prototype, "call");
  onTestFinished(() => call.mockRestore());

  const erased = await Promise.all(Array.from({ length: 50 }, () => store.eraseEvent("t", "1")));

  expect(erased).toEqual(erased.map(() => true));
  const truncations = call.mock.calls.filter(([method]) => method === "truncateWal").length;
  expect(truncations).toBeGreaterThan(0);
  expect(truncations).toBeLessThan(25);
});

test("nothing of an expired payload is in the files after the next vacuum, and they become smaller", async () => {
  const opened = await openForTest();
  await fill(opened);

  for (let isAtEnd = false; !isAtEnd; ) {
    const options = { processedBeforeMs: Date.now() + 60_000, limit: 100 };
    ({ isAtEnd } = await opened.store.expirePayloads(options));
  }
  await opened.store.close();
  const { bytesBefore, bytesAfter } = vacuumSqlite(opened.path);

  expect(await opened.found()).toEqual(["secret-attribute", "secret-source", "secret-letter"]);
  expect(bytesAfter).toBeLessThan(bytesBefore / 1.5);
});

test("a vacuum refuses a file that is in use, and does not change it", async () => {
  const { path, store } = await openForTest();

  expect(() => vacuumSqlite(path)).toThrow(/is in use by another Tidemark/);

  expect(await verdictsOf(store, [eventText()])).toEqual(["s"]);
});
