import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, verdictsOf } from "@tidemark/event-store/contract/applying";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables, readTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteEventStore } from "../sqlite-event-store.ts";

// As in sqlite-event-store.int.test.ts: half of the cost of starting a store.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

async function openForTest(path?: string) {
  const directory = path === undefined ? await mkdtemp(join(tmpdir(), "tidemark-")) : undefined;
  const file = path ?? join(directory ?? "", "tidemark.db");
  const store = await openSqliteEventStore({ path: file, logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(async () => {
    await store.close();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });
  return { store, path: file };
}

function unreadable(content: Buffer): UnreadableFrame {
  return {
    frameId: randomUUID(),
    origin: { generation: "i", sequence: 1 },
    events: 2,
    receivedAtMs: Date.now(),
    reason: "damaged",
    content,
  };
}

test("a page of duplicates reads at most 10,000 of them", async () => {
  const { store } = await openForTest();
  const [common, rare] = ["common", "rare"].map((source) => eventText({ topic: "t", id: "e", source }));
  const duplicates = Array.from({ length: 10_000 }, () => String(common));
  await verdictsOf(store, [String(common), String(rare)], duplicates);

  const first = await store.listDuplicates({ source: "rare", limit: 10 });
  const second = await store.listDuplicates({ source: "rare", limit: 10, after: String(first.next) });

  expect(first).toEqual({ duplicates: [], next: expect.any(String) });
  expect(second).toEqual({ duplicates: [expect.objectContaining({ source: "rare", isConflict: true })] });
});

test("the limit of a page of duplicates counts rows, and not the ids of pruned ones", async () => {
  const { store, path } = await openForTest();
  const event = eventText({ topic: "t", id: "e" });
  await verdictsOf(store, [event, event, event, event]);
  changeTables(path, "UPDATE duplicates SET id = id * 1000000");

  expect((await store.listDuplicates({ source: "test", limit: 10 })).duplicates).toHaveLength(3);
});

test("a page of large dead letters ends early", async () => {
  const { store } = await openForTest();
  for (const letter of ["a", "b", "c"]) await store.deadLetterFrame(unreadable(Buffer.alloc(5_000_000, letter)));

  const first = await store.listDeadLetters({ limit: 10 });
  const second = await store.listDeadLetters({ limit: 10, after: String(first.next) });

  expect(first.deadLetters.map(({ content }) => content[0])).toEqual(["a"]);
  expect(second.deadLetters.map(({ content }) => content[0])).toEqual(["b"]);
  expect(second.next).toBeDefined();
});

test("a frame that became a dead letter keeps its content, so that the call can be repeated", async () => {
  const { store } = await openForTest();
  const frame = unreadable(Buffer.from("content"));

  await store.deadLetterFrame(frame);

  expect(frame.content.toString()).toBe("content");
});

test("deleted dead letters stay counted for an audit", async () => {
  const { store, path } = await openForTest();
  await store.deadLetterFrame(unreadable(Buffer.from("x")));
  await apply(store, deliveryOf([eventText({ topic: "t", timestamp: "never" })]));
  const { deadLetters } = await store.listDeadLetters({ limit: 10 });

  for (const { id } of deadLetters) await store.deleteDeadLetter(id);

  const deleted = readTables(
    path,
    "SELECT json_group_object(topic, dead_letters_deleted) AS topics FROM topic_counters",
  );
  expect(deleted).toEqual({ topics: '{"":2,"t":1}' });
});

test("an event nested deeper than SQLite reads is a dead letter, without its neighbours", async () => {
  const { store } = await openForTest();
  const payload = `{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const [bad, good] = [eventText({ topic: "t", id: "e", payload }), eventText({ topic: "t", id: "e" })];

  expect(await verdictsOf(store, [bad, good, bad])).toEqual(["xsx"]);

  const { deadLetters } = await store.listDeadLetters({ limit: 10 });
  expect(deadLetters.map(({ code }) => code)).toEqual(["SQLITE_CONSTRAINT_CHECK", "SQLITE_CONSTRAINT_CHECK"]);
});
