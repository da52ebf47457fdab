import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable } from "@tidemark/domain/errors";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { lendThread } from "../fixture/lent-threads.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";

// As in sqlite-event-store.int.test.ts: half of the cost of starting a store.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

async function openForTest() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({
    path,
    logger: createLogger({ service: "test", level: "silent" }),
    startThread: lendThread,
  });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return { store, change: (sql: string) => changeTables(path, sql) };
}

test("an audit counts dead letters that were deleted or have no topic", async () => {
  const { store } = await openForTest();
  const bad = (id: string) => eventText({ topic: "t", id, timestamp: "never" });
  await verdictsOf(store, [bad("1"), bad("2"), eventText({ topic: "t" })]);
  await store.deadLetterFrame({
    frameId: randomUUID(),
    origin: { generation: "i", sequence: 1 },
    events: 5,
    receivedAtMs: Date.now(),
    reason: "damaged",
    content: Buffer.from("x"),
  });
  await store.deleteDeadLetter("1");

  const audit = await store.audit();

  expect(audit).toMatchObject({ isBalanced: true, topicsTotal: 2, counted: { stored: 1, deadLettered: 7 } });
});

test("an audit finds duplicates whose ids are far apart", async () => {
  const { store, change } = await openForTest();
  const event = eventText({ topic: "t", id: "e" });
  await verdictsOf(store, [event, event, event, event]);
  change("UPDATE duplicates SET id = 7 + id * 99999");

  expect(await store.audit()).toMatchObject({ isBalanced: true, counted: { duplicates: 3 } });
});

test("the newest duplicate is kept, and no other gets its id", async () => {
  const { store } = await openForTest();
  const event = eventText({ topic: "t", id: "e" });
  await verdictsOf(store, [event, event, event, event]);

  const step = await store.pruneDuplicates({ receivedBeforeMs: Date.now() + 60_000, limit: 10 });
  await verdictsOf(store, [event]);

  expect(step.forgotten).toBe(2);
  expect((await store.readBooks({ maxTopics: 1 })).tableDrift).toBe(0);
  expect(await store.audit()).toMatchObject({ isBalanced: true, counted: { duplicates: 4 } });
});

test("an audit finds totals that differ from those of the topics", async () => {
  const { store, change } = await openForTest();
  const event = eventText({ topic: "t", id: "e" });
  await verdictsOf(store, [event, event]);
  change("UPDATE book_totals SET conflicts = 1");

  const audit = await store.audit();

  expect(audit).toMatchObject({ isBalanced: false, booked: { conflicts: 1 }, counted: { conflicts: 0 } });
});

test("closing the store ends an audit", async () => {
  const { store } = await openForTest();
  const auditing = store.audit();
  const outcome = auditing.then(
    () => "done",
    (error: unknown) => error,
  );

  await store.close();

  expect(await outcome).toBeInstanceOf(Unavailable);
});
