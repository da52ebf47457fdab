import { describeEventStore } from "@tidemark/event-store/contract/event-store-contract";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import type { ReopenOptions } from "@tidemark/event-store/contract/store-under-test";
import type { EventStore } from "@tidemark/event-store/event-store";
import { urlOfRole } from "@tidemark/programs/postgres-roles";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";
import { eventOf, prepareStores, waitForLocks } from "./fixture/postgres-event-stores.ts";
import { lendStoreDatabase } from "./fixture/store-database.ts";
import { openPostgresEventStore } from "./postgres-event-store.ts";

const logger = createLogger({ service: "test", level: "silent" });

async function openEmpty() {
  const database = await lendStoreDatabase();
  // The tests use the role of a consumer, which has fewer rights than the owner.
  const url = urlOfRole(database.url, "tidemark_writer");
  const open = (options: ReopenOptions = {}) =>
    openPostgresEventStore({ url, logger, migrate: true, maxConnections: 2, ...options });
  let store = await open();
  return {
    store,
    reopen: async (options?: ReopenOptions) => {
      await store.close();
      store = await open(options);
      return store;
    },
    refuse: async (...ids: string[]) => {
      const list = ids.map((id) => `'${id}'`).join(",");
      await changeDatabase(database.url, `ALTER TABLE events ADD CONSTRAINT refusal CHECK (event_id NOT IN (${list}))`);
    },
    accept: () => changeDatabase(database.url, "ALTER TABLE events DROP CONSTRAINT refusal"),
    change: (sql: string) => changeDatabase(database.url, sql),
    endMinute: () => changeDatabase(database.url, "SELECT open_minute(slot) FROM book_totals"),
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

describeEventStore("the PostgreSQL event store", openEmpty);

const forwardIds = async (store: EventStore, after?: string) => {
  const page = await store.listEvents({ limit: 100, order: "asc", after });
  return page.events.map((event) => event.eventId);
};

test("a page of duplicates ends when it has read 10,000 rows, and the next page continues there", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query(
    `INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict)
     SELECT n, 0, 't', n::text, CASE WHEN n IN (1, 20001) THEN 'rare' ELSE 'often' END, now(), now(), false
     FROM generate_series(1, 20001) AS n`,
  );

  const newest = await store.listDuplicates({ source: "rare", limit: 5 });
  const middle = await store.listDuplicates({ source: "rare", limit: 5, after: String(newest.next) });
  const oldest = await store.listDuplicates({ source: "rare", limit: 5, after: String(middle.next) });

  expect(newest).toMatchObject({ duplicates: [{ eventId: "20001" }], next: "10002-0" });
  expect(middle).toEqual({ duplicates: [], next: "2-0" });
  expect(oldest).toMatchObject({ duplicates: [{ eventId: "1" }] });
  expect(oldest.next).toBeUndefined();
});

test("a page of duplicates ends before the row that would make it too large, and the next page continues there", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query(
    `INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict,
                             "timestamp", payload)
     SELECT n, 0, 't', n::text, 's', now(), now(), true, now(), json_build_object('text', repeat('x', 3000000))
     FROM generate_series(1, 3) AS n`,
  );

  const first = await store.listDuplicates({ limit: 10 });
  const second = await store.listDuplicates({ limit: 10, after: String(first.next) });

  expect(first.duplicates.map(({ eventId }) => eventId)).toEqual(["3", "2"]);
  expect(second.duplicates.map(({ eventId }) => eventId)).toEqual(["1"]);
  expect(second.next).toBeUndefined();
});

test("two consumers of the same events in opposite orders store each once and never deadlock", async () => {
  const { openConsumer } = await prepareStores();
  const stores = [await openConsumer(), await openConsumer()];
  const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
  const orders = [ids, ids.toReversed()];

  const applied = await Promise.all(
    stores.map(async (store, index) => {
      const verdicts: string[] = [];
      for (let round = 0; round < 20; round++) {
        const events = (orders[index] ?? []).map((id) => eventOf(`${id}-${round}`));
        const { frames } = await store.apply([deliveryOf(events)], { maxNamed: 0 });
        verdicts.push(...frames.map((frame) => frame.verdicts));
      }
      return verdicts.join("");
    }),
  );

  const verdicts = applied.join("");
  expect(verdicts.replaceAll("d", "")).toHaveLength(800);
  expect(verdicts).toHaveLength(1_600);
  expect(await stores[0]?.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 800, duplicates: 800, conflicts: 0 });
});

test("two consumers that apply the same frame count it once and answer the same verdicts", async () => {
  const { beside, openConsumer } = await prepareStores();
  const stores = [await openConsumer(), await openConsumer()];
  const delivery = deliveryOf([eventOf("a"), eventOf("b"), eventOf("a")]);
  await beside.query("BEGIN");
  await beside.query(
    `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, processed_at) VALUES (0, 0, 't', 'a', now(), '', now())`,
  );

  const applying = stores.map((store) => store.apply([delivery], { maxNamed: 10 }));
  await waitForLocks(beside, 2);
  await beside.query("ROLLBACK");
  const applied = await Promise.all(applying);

  expect(applied.flatMap(({ frames }) => frames.map((frame) => frame.verdicts))).toEqual(["ssd", "ssd"]);
  expect(applied.map(({ frames }) => frames[0]?.isNew).toSorted()).toEqual([false, true]);
  expect(applied.flatMap(({ dropped }) => dropped)).toHaveLength(1);
  expect(await stores[1]?.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 2, duplicates: 1 });
});

test("each consumer counts in its own slot, and a later consumer takes a slot that was freed", async () => {
  const { beside, open, openConsumer } = await prepareStores();
  const [first, second] = [await openConsumer(), await openConsumer()];
  const slotsOf = async (id: string) => {
    const { rows } = await beside.query("SELECT slot FROM topic_counters WHERE topic = $1", [id]);
    return rows.map(({ slot }) => slot);
  };
  await first.apply([deliveryOf([eventText({ topic: "first" })])], { maxNamed: 0 });
  await second.apply([deliveryOf([eventText({ topic: "second" })])], { maxNamed: 0 });

  await first.close();
  const third = await waitFor("the slot to be free", async () => {
    const store = await open({ migrate: true });
    await store.apply([deliveryOf([eventText({ topic: "third" })])], { maxNamed: 0 });
    return store;
  });

  expect([await slotsOf("first"), await slotsOf("second"), await slotsOf("third")]).toEqual([[0], [1], [0]]);
  expect(await third.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 3, topicsTotal: 3 });
});

test("consumers that migrate an empty database together all open it, and one of them migrates", async () => {
  const { beside, openConsumer } = await prepareStores({ hasTables: false });

  const stores = await Promise.all(Array.from({ length: 5 }, openConsumer));

  await Promise.all(stores.map((store) => store.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 })));
  expect(await stores[0]?.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 1, duplicates: 4 });
  const { rows } = await beside.query("SELECT name FROM migrations ORDER BY name");
  expect(rows).toEqual([
    { name: "0001-books" },
    { name: "002-names" },
    { name: "003-apply-frames" },
    { name: "004-bounded-cost" },
    { name: "005-history" },
    { name: "006-erasure" },
    { name: "007-restores" },
    { name: "008-subscriptions" },
    { name: "009-conflict-fields" },
  ]);
});

test("a consumer has as many transactions at a time as writers, each with its own slot", async () => {
  const { beside, open } = await prepareStores();
  const store = await open({ migrate: true, maxWriters: 2 });
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE events IN EXCLUSIVE MODE");

  const ids = ["first", "second", "third"];
  const applying = ids.map((id) => store.apply([deliveryOf([eventOf(id)])], { maxNamed: 0 }));
  await waitForLocks(beside, 2);
  await beside.query("ROLLBACK");
  await Promise.all(applying);

  expect((await beside.query("SELECT slot FROM topic_counters ORDER BY slot")).rows).toEqual([
    { slot: 0 },
    { slot: 1 },
  ]);
  expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 3, duplicates: 0 });
});

test("a forward scan waits for a transaction that may still commit before the newest event", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("BEGIN");
  await beside.query(
    `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
     SELECT base + pg_current_xact_id()::text::bigint, 1, 't', 'slow', now(), '', '{}', now() FROM positions`,
  );
  await store.apply([deliveryOf([eventOf("quick")])], { maxNamed: 0 });

  const scannedMeanwhile = await forwardIds(store);
  const newest = await store.listEvents({ limit: 10, order: "desc" });
  await beside.query("COMMIT");

  expect(scannedMeanwhile).toEqual([]);
  expect(newest.events.map((event) => event.eventId)).toEqual(["quick"]);
  await waitFor("both events in order", async () => (await forwardIds(store)).join() === "slow,quick");
});

test("a subscription from now on has an event whose transaction was still open when it was created", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("BEGIN");
  await beside.query(
    `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
     SELECT base + pg_current_xact_id()::text::bigint, 1, 't', 'slow', now(), '', '{}', now() FROM positions`,
  );
  await store.apply([deliveryOf([eventOf("quick")])], { maxNamed: 0 }); // a later transaction that commits earlier
  const created = await store.createSubscription({ name: "billing", from: "now" });
  await beside.query("COMMIT");

  const after = created?.subscription.position as string;
  await waitFor("both events", async () => {
    const { events } = await store.listEvents({ limit: 10, order: "asc", after });
    return events.map(({ eventId }) => eventId).join() === "slow,quick";
  });
});

test("the base of positions stays while another transaction is open", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("BEGIN");
  await beside.query("SELECT pg_current_xact_id()");
  await store.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 });

  await openConsumer();

  expect((await beside.query("SELECT base FROM positions")).rows).toEqual([{ base: "0" }]);
});

test("a forward scan continues after a dump was restored into a server whose transaction ids are smaller", async () => {
  const { beside, openConsumer } = await prepareStores();
  const before = await openConsumer();
  await before.apply([deliveryOf([eventOf("old")])], { maxNamed: 0 });
  await before.close();
  await beside.query("UPDATE events SET tx = tx + 1000000000");
  await beside.query("UPDATE positions SET history = 'the server before'");

  const store = await openConsumer();
  const { next } = await store.listEvents({ limit: 100, order: "asc" });
  await store.apply([deliveryOf([eventOf("new")])], { maxNamed: 0 });

  await waitFor("the new event after the old one", async () => (await forwardIds(store)).join() === "old,new");
  expect(await forwardIds(store, next)).toEqual(["new"]);
});

test("a frame that the log holds twice counts once, and the books know both of its positions", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const { frame } = deliveryOf([eventOf("a"), eventOf("b")]);
  const at = (sequence: number) => ({ frame, origin: { generation: "now", sequence } });

  await store.apply([at(1), at(2)], { maxNamed: 0 });
  await store.apply([at(2), at(3)], { maxNamed: 0 });

  const window = { generation: "now", held: [{ first: 2, last: 3 }], lastSequence: 3 };
  const books = await store.readBooks({ maxTopics: 1, log: window });
  expect(books).toMatchObject({ stored: 2, duplicates: 0, appliedHeldEvents: 4 });
  const repeated = await beside.query("SELECT sequence::integer FROM repeated_frames ORDER BY sequence");
  expect(repeated.rows).toEqual([{ sequence: 2 }, { sequence: 3 }]);
});
