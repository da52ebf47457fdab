import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText, type SampleEvent } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables, readTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteEventStore, type SqliteEventStore } from "../sqlite-event-store.ts";

// As in sqlite-event-store.int.test.ts: half of the cost of starting a store.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

async function openForTest() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return { store, path };
}

/** Returns the text of event `e` in topic `t`. */
const eventOf = (content: SampleEvent) => eventText({ topic: "t", id: "e", ...content });

const LONG = "x".repeat(5_000);
const STORED = { payload: `{"long":"${LONG}","n":10,"list":[1,2]}`, attributes: '{"a":1}' };

const DUPLICATES: [verdict: string, name: string, content: SampleEvent][] = [
  ["d", "equal text", STORED],
  ["d", "another order of keys", { ...STORED, payload: `{"n":1e1,"list":[1.0, 2],"long":"${LONG}"}` }],
  ["d", "another spelling of attributes", { ...STORED, attributes: '{"a":1.0}' }],
  ["c", "another number", { ...STORED, payload: `{"long":"${LONG}","n":11,"list":[1,2]}` }],
  ["c", "a small payload", { ...STORED, payload: '{"n":10}' }],
  ["c", "other attributes", { ...STORED, attributes: '{"a":2}' }],
  ["c", "no attributes", { payload: STORED.payload }],
  ["c", "another source", { ...STORED, source: "another" }],
  ["c", "another instant", { ...STORED, timestamp: "2020-01-01T00:00:00Z" }],
  ["d", "a filled timestamp", { ...STORED, timestamp: "2020-01-01T00:00:00Z", isTimestampFilled: true }],
];

test.each(DUPLICATES)("the verdict on a duplicate of a large event is %s for %s", async (verdict, _name, content) => {
  const { store } = await openForTest();

  expect(await verdictsOf(store, [eventOf(STORED), eventOf(content)])).toEqual([`s${verdict}`]);
  expect(await verdictsOf(store, [eventOf(content)])).toEqual([verdict]);
});

test("a large event with a filled timestamp and small duplicates of small events are compared as well", async () => {
  const { store } = await openForTest();
  const filled = eventOf({ ...STORED, isTimestampFilled: true });
  const late = eventOf({ ...STORED, timestamp: "2020-01-01T00:00:00Z" });
  const small = (payload: string) => eventText({ topic: "small", id: "e", payload });

  expect(await verdictsOf(store, [filled, late])).toEqual(["sd"]);
  expect(await verdictsOf(store, [small('{"a":1}'), small('{"a":2}'), small('{"a":1.0}'), late])).toEqual(["scdd"]);
});

test("a large event whose payload has expired is no longer compared by payload", async () => {
  const { store, path } = await openForTest();
  const long = { attributes: `{"long":"${LONG}"}` };
  await verdictsOf(store, [eventOf({ ...STORED, ...long })]);
  changeTables(path, "UPDATE events SET payload = NULL, payload_expired_at = processed_at");

  expect(await verdictsOf(store, [eventOf({ ...long, payload: '{"n":1}' }), eventOf({ payload: "{}" })])).toEqual([
    "dc",
  ]);
});

test("a large event without a row in large_events, from before that table, gets the row with its first duplicate", async () => {
  const { store, path } = await openForTest();
  await verdictsOf(store, [eventOf(STORED)]);
  const rows = "SELECT count(*) AS count, hex(min(payload_hash)) AS hash FROM large_events";
  const written = readTables(path, rows);
  changeTables(path, "DELETE FROM large_events");

  const verdicts = await verdictsOf(store, [eventOf({ payload: '{"n":1}' }), eventOf(STORED)], [eventOf(STORED)]);

  expect(verdicts).toEqual(["cd", "d"]);
  expect(readTables(path, rows)).toEqual(written);
});

test("a large event that is refused leaves no row", async () => {
  const { store, path } = await openForTest();
  const refused = eventText({ ...STORED, topic: "t", id: "bad", timestamp: "never" });

  expect(await verdictsOf(store, [eventOf(STORED), refused])).toEqual(["sx"]);
  expect(readTables(path, "SELECT count(*) AS count FROM large_events")).toEqual({ count: 1 });
});

/** Returns the processor time of a call with many duplicates, which differ from the stored event. */
async function costOfDuplicates(store: SqliteEventStore, id: string): Promise<number> {
  const duplicates = Array.from({ length: 1_000 }, (_, n) => eventText({ topic: "t", id, payload: `{"n":${n}}` }));
  const before = process.cpuUsage();
  expect(await verdictsOf(store, duplicates)).toEqual(["c".repeat(duplicates.length)]);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

test("a thousand duplicates of an event of four megabytes cost as much as those of a small one", async () => {
  const { store } = await openForTest();
  const large = `{"list":[${"[],".repeat(1_300_000)}[]]}`;
  await verdictsOf(store, [
    eventText({ topic: "t", id: "small" }),
    eventText({ topic: "t", id: "large", payload: large }),
  ]);
  await costOfDuplicates(store, "small"); // the first run only compiles the code

  const small = await costOfDuplicates(store, "small");

  // The times are equal on average. If each duplicate parsed the stored event, they would take 8,000 times as long.
  expect(await costOfDuplicates(store, "large")).toBeLessThan(10 * small);
});
