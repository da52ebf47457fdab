import { readFile } from "node:fs/promises";
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
import type { EventStore } from "@tidemark/event-store/event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test } from "vitest";
import { Session } from "../connection/session.ts";
import { prepareEmptyDatabase } from "../fixture/postgres-event-stores.ts";
import { openPostgresEventStore } from "../postgres-event-store.ts";
import { migrate, readMigrations } from "./migrate.ts";

// The first release wrote the data of fixture/version-1.sql. The values below are the answers of its own store.

const GENERATION = "old-log";
const FIRST_FRAME = "00000000-0000-4000-8000-000000000001";
const COUNTS = { stored: 7, duplicates: 4, conflicts: 2, deadLettered: 3 };

const openVersion1 = () => openVersion(1);

/** Opens a database that a release with this version of the schema has written. */
async function openVersion(version: number) {
  const { beside, url } = await prepareEmptyDatabase();
  await migrate(new Session(beside), readMigrations().slice(0, version));
  await beside.query("DELETE FROM migrations; SET timezone = 'UTC'"); // the fixture has the rows of its release
  await beside.query(await readFile(new URL(`../fixture/version-${version}.sql`, import.meta.url), "utf8"));
  return { store: await openForTest(url), beside };
}

async function openForTest(url: string) {
  const logger = createLogger({ service: "test", level: "silent" });
  const store = await openPostgresEventStore({ url, logger, migrate: true, maxConnections: 2 });
  onTestFinished(() => store.close());
  return store;
}

/** Opens a database that this release has written. */
async function openToday() {
  const { url } = await prepareEmptyDatabase();
  const [store, second] = [await openForTest(url), await openForTest(url)];
  await writeReleaseData(store, second);
  return { store };
}

/** An event of the fixture as its producer sent it. */
const oldEvent = (id: string, content: object = {}) =>
  eventText({
    topic: "orders",
    id,
    source: "shop",
    timestamp: "2025-10-23T10:00:00.123456Z",
    payload: '{"total":1}',
    ...content,
  });

test("the books of a database of the first release are unchanged by the upgrade", async () => {
  const { store } = await openVersion1();
  const log = { generation: GENERATION, held: [{ first: 6, last: 7 }], lastSequence: 7 };

  const books = await store.readBooks({ maxTopics: 10, maxSources: 10, log });

  expect(books).toMatchObject({
    ...COUNTS,
    topicsTotal: 3,
    byTopic: [
      { topic: "orders", stored: 5, duplicates: 3, conflicts: 1, deadLettered: 1 },
      { topic: "logins", stored: 2, duplicates: 1, conflicts: 1, deadLettered: 0 },
      { topic: "", stored: 0, duplicates: 0, conflicts: 0, deadLettered: 2 },
    ],
    bySource: [
      { source: "shop", duplicates: 2, conflicts: 0, ages: [2, 0, 0, 0, 0, 0] },
      { source: "auth", duplicates: 1, conflicts: 1, ages: [1, 0, 0, 0, 0, 0] },
      { source: "backfill", duplicates: 1, conflicts: 1, ages: [1, 0, 0, 0, 0, 0] },
    ],
    appliedHeldEvents: 5,
    appliedGoneFrames: 5,
    lastAudit: { isBalanced: true, booked: COUNTS, counted: COUNTS },
  });
  expect(await store.audit()).toMatchObject({ isBalanced: true, booked: COUNTS, counted: COUNTS });
});

test("a database of the first release lists its events, duplicates, dead letters and frames after the upgrade", async () => {
  const { store } = await openVersion1();

  const { events } = await store.listEvents({ order: "asc", limit: 100 });
  const { duplicates } = await store.listDuplicates({ limit: 100 });
  const { deadLetters } = await store.listDeadLetters({ limit: 100 });

  expect(events.map(({ topic, eventId, timestamp, payload }) => [topic, eventId, timestamp, payload])).toEqual(
    [
      ["orders", "o-1", '{"total":1}'],
      ["orders", "o-2", '{"total":1}'],
      ["logins", "l-1", '{"total":1}'],
      ["orders", "o-3", "{}"],
      ["orders", "o-4", '{"total":1}'],
      ["orders", "o-5", '{"total":1}'],
      ["logins", "l-2", '{"total":1}'],
    ].map(([topic, id, payload]) => [topic, id, "2025-10-23T10:00:00.123456Z", payload]),
  );
  expect(events[1]?.attributes).toBe('{"region":"eu","deep":{"a":[1,2.5]}}');
  expect(duplicates.map(({ eventId, source, isConflict, content }) => [eventId, source, isConflict, content])).toEqual([
    ["l-1", "auth", true, { timestamp: "2025-10-23T10:00:00.123456Z", payload: '{"total":3}' }],
    ["o-1", "shop", false, undefined],
    ["o-2", "backfill", true, { timestamp: "2025-10-23T10:00:00.123456Z", payload: '{"total":2}' }],
  ]);
  expect(deadLetters).toMatchObject([
    { id: "1", topic: "orders", events: 1, code: "22P05" },
    { id: "2", events: 2, code: "damaged_frame", reason: "not UTF-8" },
  ]);
  expect(await store.findFrame("00000000-0000-4000-8000-000000000003")).toMatchObject({ verdicts: "sx" });
});

test("duplicates, conflicts and redeliveries of data from the first release are recognised after the upgrade", async () => {
  const { store } = await openVersion1();
  const { frame } = deliveryOf([oldEvent("o-1"), oldEvent("o-2"), oldEvent("o-3")]);
  const redelivered = { frame: { ...frame, id: FIRST_FRAME }, origin: { generation: GENERATION, sequence: 1 } };

  const applied = await store.apply(
    [deliveryOf([oldEvent("o-1"), oldEvent("o-4", { payload: '{"total":9}' }), oldEvent("new")]), redelivered],
    { maxNamed: 10 },
  );

  expect(applied.frames).toMatchObject([
    { isNew: true, verdicts: "dcs" },
    { isNew: false, verdicts: "sss" },
  ]);
  expect(await store.audit()).toMatchObject({
    isBalanced: true,
    counted: { stored: 8, duplicates: 6, conflicts: 3, deadLettered: 3 },
  });
});

test("the history of a database of the first release begins with the upgrade", async () => {
  const { store } = await openVersion1();
  const before = await sumsOf(store);

  await store.apply([deliveryOf([eventText({ topic: "new" })])], { maxNamed: 0 });

  expect(before).toMatchObject({ stored: 0, duplicates: 0, deadLettered: 0 });
  expect(await sumsOf(store)).toMatchObject({ stored: 1, duplicates: 0, deadLettered: 0 });
});

test("a large event of the first release is compared by value after the upgrade, and measured once", async () => {
  const { store, beside } = await openVersion1();
  const list = (value: string) => `{"list":[${Array.from({ length: 50_000 }, () => value).join(",")}]}`;
  await beside.query("UPDATE events SET payload = $1 WHERE event_id = 'o-1'", [list("1")]);
  const duplicates = ["1", "1.0", "2"].map((value) => oldEvent("o-1", { payload: list(value) }));

  const { frames } = await store.apply([deliveryOf(duplicates)], { maxNamed: 0 });

  expect(frames).toMatchObject([{ verdicts: "ddc" }]);
  const { rows } = await beside.query("SELECT event_id FROM events WHERE payload_size IS NOT NULL");
  expect(rows).toEqual([{ event_id: "o-1" }]);
});

test("the upgrade drops the function of the former release, which would not add to the totals", async () => {
  const { beside } = await openVersion1();

  const { rows } = await beside.query("SELECT proname FROM pg_proc WHERE proname LIKE 'apply_frames%'");

  expect(rows).toEqual([{ proname: "apply_frames_5" }]);
});

test("a cursor from before the upgrade finds the events behind it, including new ones", async () => {
  const { store } = await openVersion1();
  await store.apply([deliveryOf([eventText({ topic: "orders", id: "new" })])], { maxNamed: 0 });

  await waitFor("the new event behind the old ones", async () => {
    return (await idsAfter(store, "756-3")).join() === "o-4,o-5,l-2,new";
  });
});

// No release ended with version 2, 5 or 6: versions 2 and 3 came together, and so did 5 to 7.
test.each([
  ["schema version 3", () => openVersion(3)],
  ["schema version 4", () => openVersion(4)],
  ["schema version 7", () => openVersion(7)],
  ["schema version 8", () => openVersion(8)],
  ["this release", openToday],
])("a database of %s keeps its books and its content, and accepts events", async (_name, open) => {
  const { store } = await open();

  expect(await store.readBooks({ maxTopics: 10, maxSources: 10, log: RELEASE_LOG })).toMatchObject(RELEASE_BOOKS);
  expect(await readReleaseContent(store)).toEqual(RELEASE_CONTENT);
  expect(await store.audit()).toMatchObject({ isBalanced: true });

  expect(await continueReleaseData(store)).toEqual(RELEASE_VERDICTS);
  expect(await store.audit()).toMatchObject({
    isBalanced: true,
    counted: { stored: 9, duplicates: 7, conflicts: 3, deadLettered: 4 },
  });
});

test("a program applies no frame to the tables of a newer release, names that release, and still reads", async () => {
  const { store, beside } = await openVersion(4);
  await beside.query("INSERT INTO migrations (name, applied_at) VALUES ('999-newer', now())");
  const { rows } = await beside.query(
    "SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'apply_frames%'",
  );
  await beside.query(`ALTER FUNCTION ${rows[0]?.name} RENAME TO apply_frames_of_the_newer`);

  await expect(continueReleaseData(store)).rejects.toMatchObject({
    code: "store_unreachable",
    message: expect.stringContaining("the tables of a newer release (999-newer)"),
  });

  expect(await readReleaseContent(store)).toEqual(RELEASE_CONTENT);
});

async function idsAfter(store: EventStore, after: string): Promise<string[]> {
  const { events } = await store.listEvents({ order: "asc", limit: 100, after });
  return events.map(({ eventId }) => eventId);
}
