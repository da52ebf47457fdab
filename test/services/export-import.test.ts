import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runExport } from "@tidemark/admin/export/run";
import { runImport } from "@tidemark/admin/import/run";
import { ARCHIVE_TABLES } from "@tidemark/event-store/archive/archive-tables";
import { apply, untilScannable, verdictsOf } from "@tidemark/event-store/contract/applying";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import type { EventStore } from "@tidemark/event-store/event-store";
import { prepareEmptyDatabase } from "@tidemark/event-store-postgres/fixture/postgres-event-stores";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test } from "vitest";

const logger = createLogger({ service: "test", level: "silent" });

const LOG = { generation: "g", held: [], lastSequence: 1_000 };

type Store = Awaited<ReturnType<typeof openSqliteEventStore>> | Awaited<ReturnType<typeof openPostgresEventStore>>;

/** Fills a store with everything that an archive holds: odd and conflicting events, dead letters, subscriptions. */
async function fill(store: Store): Promise<void> {
  const odd = 'line\u2028separator "quoted" \\ tab\t 😀';
  await verdictsOf(store, [
    eventText({ topic: odd, id: "1", payload: '{"n": 12345678901234567890.10, "__proto__": {}}' }),
    eventText({ topic: odd, id: "1", payload: '{"n":1}' }),
    eventText({ topic: odd, id: "1", payload: '{"n": 12345678901234567890.10, "__proto__": {}}' }),
  ]);
  const large = JSON.stringify({ text: "x".repeat(100_000) });
  await verdictsOf(store, [eventText({ topic: "large", id: "1", payload: large, attributes: '{"a":[1.0]}' })]);
  await verdictsOf(
    store,
    Array.from({ length: 2_500 }, (_, id) => eventText({ topic: `t${id % 7}`, id: `${id}` })),
  );
  await store.createSubscription({ name: "first", topic: "t1", from: "beginning" });
  await store.createSubscription({ name: "last", from: "now" });
  await subscribeBehind(store, "middle");
  await store.eraseEvent("t3", "3");
  const damaged = { events: 3, receivedAtMs: Date.now(), reason: "damaged", content: Buffer.from("not a frame") };
  const origin = { generation: "g", sequence: 900 };
  await store.deadLetterFrame({ frameId: "00000000-0000-4000-8000-000000000001", origin, ...damaged });
}

/** Makes a subscription that has acknowledged the first thousand events. */
async function subscribeBehind(store: Store, name: string): Promise<void> {
  await untilScannable(store);
  const created = await store.createSubscription({ name, topicPrefix: "t", from: "beginning" });
  const { createdAt = "", position: from = "" } = created?.subscription ?? {};
  const { events, next: to = from } = await store.listEvents({ order: "asc", limit: 1_000, after: from });
  await store.acknowledge({ name, createdAt, from, acknowledged: 0, to, events: events.length, pageId: "a page" });
}

/** Reads the subscriptions, each with the first event behind it in place of the position. */
async function describeSubscriptions(store: Store) {
  const described = [];
  for (const { position: after, ...subscription } of await store.listSubscriptions()) {
    const { events } = await store.listEvents({ order: "asc", limit: 1, after });
    described.push({ ...subscription, next: events[0]?.eventId });
  }
  return described;
}

/**
 * Reads everything that the readers of a store can see, except positions and the order of equal minutes, which differ
 * between stores.
 */
async function describe(store: Store) {
  await untilScannable(store);
  const events = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.listEvents({ order: "asc", limit: 1_000, ...(after === undefined ? {} : { after }) });
    if (page.events.length === 0) break;
    events.push(...page.events.map(({ position: _, ...event }) => event));
    after = page.next;
  }
  const { duplicates } = await store.listDuplicates({ limit: 100 });
  const { deadLetters } = await store.listDeadLetters({ limit: 100 });
  const { lastAudit: _, ...books } = await store.readBooks({ maxTopics: 100, maxSources: 100, log: LOG });
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const history = await store.readHistory({ sinceMs: minute - 3_600_000, untilMs: minute + 120_000, stepMinutes: 62 });
  const subscriptions = await describeSubscriptions(store);
  return {
    events,
    duplicates,
    deadLetters,
    books,
    moved: history.steps.map(({ startMs: _, ...step }) => step),
    subscriptions,
  };
}

async function prepare() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  const openSingle = async (path: string) => {
    const store = await openSqliteEventStore({ path, logger });
    return keep(store);
  };
  const openStack = async (url: string) =>
    keep(await openPostgresEventStore({ url, logger, migrate: true, maxConnections: 2 }));
  return { file, openSingle, openStack };
}

function keep<Opened extends EventStore>(store: Opened): Opened {
  onTestFinished(() => store.close());
  return store;
}

test("a store moves from single to stack and back with the same events, ids, counts, duplicates and dead letters", async () => {
  const { file, openSingle, openStack } = await prepare();
  const [first, second] = [file("first.db"), file("second.db")];
  const { url } = await prepareEmptyDatabase();
  const single = await openSingle(first);
  await fill(single);
  const original = await describe(single);
  await single.close();

  const moves = [
    await runExport({ to: file("1.archive"), replace: false, sqlite: first }),
    await runImport({ from: file("1.archive"), replace: false, database: url }),
    await runExport({ to: file("2.archive"), replace: false, database: url }),
    await runImport({ from: file("2.archive"), replace: false, sqlite: second }),
  ];

  expect(moves.map(({ exitCode, fault }) => [exitCode, fault])).toEqual(moves.map(() => [0, undefined]));
  const [stack, back] = [await openStack(url), await openSingle(second)];
  expect(await describe(stack)).toEqual(original);
  expect(await describe(back)).toEqual(original);
  const again = [
    eventText({ topic: "t1", id: "1" }),
    eventText({ topic: "new", id: "1" }),
    eventText({ topic: "large", id: "1" }),
  ];
  for (const store of [stack, back]) {
    const verdicts = await apply(store, deliveryOf(again));
    expect(verdicts.frames).toMatchObject([{ verdicts: "dsc" }]);
    expect(await store.audit()).toMatchObject({ isBalanced: true });
    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ tableDrift: 0 });
  }
});

test("an import into a store that is not empty, or of a truncated archive, changes nothing", async () => {
  const { file, openSingle, openStack } = await prepare();
  const path = file("single.db");
  const { url } = await prepareEmptyDatabase();
  await fill(await openSingle(path));
  await runExport({ to: file("archive"), replace: false, sqlite: path });
  const stack = await openStack(url);
  await verdictsOf(stack, [eventText({ topic: "here", id: "1" })]);
  const bytes = await readFile(file("archive"));
  await writeFile(file("cut"), bytes.subarray(0, bytes.length / 2));

  const refused = (from: string, replace: boolean) => runImport({ from: file(from), replace, database: url });
  await expect(refused("archive", false)).rejects.toThrow("--replace");
  await expect(refused("cut", true)).rejects.toThrow("not complete");
  await expect(refused("single.db", true)).rejects.toThrow("not an archive of Tidemark");

  expect(await stack.readBooks({ maxTopics: 10 })).toMatchObject({ stored: 1, byTopic: [{ topic: "here" }] });
});

test("a reader of a stack whose cursor is beyond the restored state gets every event that is stored after the restore", async () => {
  const { file, openStack } = await prepare();
  const { url } = await prepareEmptyDatabase();
  const stack = await openStack(url);
  await verdictsOf(stack, [eventText({ topic: "t", id: "1" })]);
  await runExport({ to: file("archive"), replace: false, database: url });
  await verdictsOf(stack, [eventText({ topic: "t", id: "lost" })]);
  const cursor = await stack.readTip();

  await runImport({ from: file("archive"), replace: true, database: url });
  await verdictsOf(stack, [eventText({ topic: "t", id: "2" })]);

  // An open transaction of another test delays a forward scan for a moment.
  const idsBehind = async (after?: string) => {
    const { events } = await stack.listEvents({ order: "asc", limit: 10, ...(after === undefined ? {} : { after }) });
    return events.map(({ eventId }) => eventId);
  };
  await expect.poll(() => idsBehind(cursor), { timeout: 30_000 }).toEqual(["2"]);
  expect(await idsBehind()).toEqual(["1", "2"]);
});

/** The tables and columns that a store derives from others, or that an archive does not contain. */
const NOT_ARCHIVED = [
  ...["book_totals", "topics", "sources", "last_audit", "positions", "migrations", "payload_expiry"],
  ...["slot", "age", "payload_size", "payload_value", "attributes_size", "attributes_value", "opening", "earlier"],
];

test("an archive has every column of every table", async () => {
  const { openStack } = await prepare();
  const { url, beside } = await prepareEmptyDatabase();
  await openStack(url);
  const { rows } = await beside.query(
    `SELECT table_name, column_name FROM information_schema.columns
     JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const present = rows
    .filter(
      ({ table_name: table, column_name: column }) => ![table, column].some((name) => NOT_ARCHIVED.includes(name)),
    )
    .map(({ table_name: table, column_name: column }) => `${table}.${column}`);
  const archived = ARCHIVE_TABLES.flatMap(({ name, columns }) =>
    Object.keys(columns).map((column) => `${name}.${column}`),
  );
  // Ages are columns in an archive, and rows in PostgreSQL. A subscription has passed a number of events, and stands at a
  // position.
  present.push("subscriptions.passed_events");
  expect(archived.filter((column) => !/[.]age_/.test(column)).toSorted()).toEqual(
    present.filter((column) => !/^subscriptions[.](tx|ord)$/.test(column)).toSorted(),
  );
});
