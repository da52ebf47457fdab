import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import { sumsOf } from "@tidemark/event-store/contract/history/read-history";
import { RELEASE_CONTENT, readReleaseContent } from "@tidemark/event-store/contract/upgrade/release-content";
import {
  continueReleaseData,
  RELEASE_BOOKS,
  RELEASE_LOG,
  RELEASE_VERDICTS,
  writeReleaseData,
} from "@tidemark/event-store/contract/upgrade/release-data";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { verifySqlite } from "../maintain/audit.ts";
import { openSqliteEventStore } from "../sqlite-event-store.ts";

// The first release wrote the file of fixture/version-1.sql. The values below are the answers of its own store.

const GENERATION = "2026-11-01T08:00:00.000000000Z";
const FIRST_FRAME = "00000000-0000-4000-8000-000000000001";
const COUNTS = { stored: 4, duplicates: 4, conflicts: 1, deadLettered: 4 };

const makeVersion1 = () => makeVersion(1);

/** Creates a file as a release with this version of the schema wrote it. */
async function makeVersion(version: number): Promise<string> {
  const path = await pathForTest();
  changeTables(path, await readFile(new URL(`../fixture/version-${version}.sql`, import.meta.url), "utf8"));
  return path;
}

async function pathForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "tidemark.db");
}

async function openForTest(path: string) {
  const store = await openSqliteEventStore({ path, logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => store.close());
  return store;
}

async function openVersion1() {
  return openForTest(await makeVersion1());
}

test("the books of a file of the first release are unchanged by the upgrade", async () => {
  const store = await openVersion1();
  const log = { generation: GENERATION, held: [{ first: 3, last: 5 }], lastSequence: 5 };

  const books = await store.readBooks({ maxTopics: 10, maxSources: 10, log });

  expect(books).toMatchObject({
    ...COUNTS,
    topicsTotal: 3,
    byTopic: [
      { topic: "user.login", stored: 3, duplicates: 4, conflicts: 1, deadLettered: 2 },
      { topic: "", stored: 0, duplicates: 0, conflicts: 0, deadLettered: 2 },
      { topic: "order.created", stored: 1, duplicates: 0, conflicts: 0, deadLettered: 0 },
    ],
    bySource: [{ source: "auth-service", duplicates: 4, conflicts: 1, ages: [4, 0, 0, 0, 0, 0] }],
    appliedHeldEvents: 8,
    appliedGoneFrames: 2,
    appliedEvents: 12,
    tableDrift: 0,
    lastAudit: { isBalanced: true, booked: COUNTS, counted: COUNTS },
  });
});

test("a file of the first release lists its events, duplicates, dead letters and frames after the upgrade", async () => {
  const store = await openVersion1();

  const { events } = await store.listEvents({ order: "asc", limit: 100 });
  const { duplicates } = await store.listDuplicates({ limit: 100 });
  const { deadLetters } = await store.listDeadLetters({ limit: 100 });

  expect(events.map(({ topic, eventId, payload }) => [topic, eventId, payload])).toEqual([
    ["user.login", "evt-1", '{"user_id":123}'],
    ["user.login", "evt-2", '{"user_id":123}'],
    ["user.login", "evt-3", '{"user_id":123}'],
    ["order.created", "evt-1", '{"user_id":123}'],
  ]);
  expect(events[1]?.attributes).toBe('{"region":"eu"}');
  expect(duplicates.map(({ eventId, content }) => [eventId, content?.payload])).toEqual([
    ["evt-3", undefined],
    ["evt-1", undefined],
    ["evt-2", '{"user_id":124}'],
  ]);
  expect(deadLetters.map(({ id, code, events: count }) => [id, code, count])).toEqual([
    ["1", "invalid_event", 1],
    ["3", "damaged_frame", 2],
  ]);
  expect(await store.findFrame(FIRST_FRAME)).toMatchObject({ verdicts: "ssss" });
});

test("a file of the first release takes new events after the upgrade, and the books balance", async () => {
  const store = await openVersion1();
  const login = (id: string) =>
    eventText({ topic: "user.login", id, source: "auth-service", payload: '{"user_id":123}' });
  const filled = eventText({ topic: "user.login", id: "evt-3", source: "auth-service", payload: '{"user_id":123}' });

  const { frames } = await store.apply(
    [
      deliveryOf([login("evt-1"), filled, login("evt-9")], { generation: GENERATION, sequence: 6 }),
      deliveryOf([login("evt-1")], { id: FIRST_FRAME, generation: GENERATION, sequence: 7 }),
    ],
    { maxNamed: 0 },
  );

  // The stored evt-1 has another timestamp; the stored evt-3 has one that the gateway filled in.
  expect(frames.map(({ verdicts, isNew }) => [verdicts, isNew])).toEqual([
    ["cds", true],
    ["ssss", false],
  ]);
  expect((await store.readBooks({ maxTopics: 0 })).tableDrift).toBe(0);
  expect(await store.audit()).toMatchObject({ isBalanced: true, counted: { stored: 5, duplicates: 6, conflicts: 2 } });
});

test("the history of a file of the first release begins with the upgrade", async () => {
  const store = await openVersion1();
  const before = await sumsOf(store);

  await store.apply([deliveryOf([eventText({ topic: "new" })])], { maxNamed: 0 });

  expect(before).toMatchObject({ stored: 0, duplicates: 0, deadLettered: 0 });
  expect(await sumsOf(store)).toMatchObject({ stored: 1, duplicates: 0, deadLettered: 0 });
});

test("a large event of the first release is compared with its duplicates after the upgrade", async () => {
  const payload = `{"list":[${"1,".repeat(5_000)}1]}`;
  const path = await makeVersion1();
  changeTables(path, `UPDATE events SET payload = '${payload}' WHERE topic = 'user.login' AND event_id = 'evt-1'`);
  const store = await openForTest(path);
  const stored = await store.findEvent("user.login", "evt-1");
  const content = { topic: "user.login", id: "evt-1", source: "auth-service", timestamp: stored?.timestamp ?? "" };

  const duplicates = [payload, payload.replaceAll(",", ", "), '{"list":[1]}'].map((text) =>
    eventText({ ...content, payload: text }),
  );

  expect((await store.apply([deliveryOf(duplicates)], { maxNamed: 0 })).frames[0]?.verdicts).toBe("ddc");
  expect((await store.apply([deliveryOf(duplicates)], { maxNamed: 0 })).frames[0]?.verdicts).toBe("ddc");
});

test("the id of a dead letter that the first release deleted is not used again", async () => {
  const store = await openVersion1();

  await store.deleteDeadLetter("3");
  await store.apply([deliveryOf([eventText({ timestamp: "never" })])], { maxNamed: 0 });

  const { deadLetters } = await store.listDeadLetters({ limit: 100 });
  expect(deadLetters.map(({ id }) => id)).toEqual(["1", "4"]);
});

/** Opens a file that this release has written. */
async function openToday() {
  const store = await openForTest(await pathForTest());
  await writeReleaseData(store, store);
  return store;
}

test.each([
  ["schema version 2", async () => openForTest(await makeVersion(2))],
  ["schema version 3", async () => openForTest(await makeVersion(3))],
  ["schema version 6", async () => openForTest(await makeVersion(6))],
  ["schema version 7", async () => openForTest(await makeVersion(7))],
  ["this release", openToday],
])("a file of %s keeps its books and its content, and accepts events", async (_name, open) => {
  const store = await open();

  expect(await store.readBooks({ maxTopics: 10, maxSources: 10, log: RELEASE_LOG })).toMatchObject(RELEASE_BOOKS);
  expect(await readReleaseContent(store)).toEqual(RELEASE_CONTENT);
  expect(await store.audit()).toMatchObject({ isBalanced: true });

  expect(await continueReleaseData(store)).toEqual(RELEASE_VERDICTS);
  expect(await store.audit()).toMatchObject({
    isBalanced: true,
    counted: { stored: 9, duplicates: 7, conflicts: 3, deadLettered: 4 },
  });
});

test("verify refuses a file of the first release, and names the remedy", async () => {
  const path = await makeVersion1();

  expect(() => verifySqlite(path)).toThrow("start the service once with this version of Tidemark");
});
