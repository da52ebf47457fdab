import type { EventStore } from "@tidemark/shared/event-store/event-store";
import { openPostgresEventStore } from "@tidemark/shared/event-store/postgres-event-store";
import { createLogger } from "@tidemark/shared/log";
import pg from "pg";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { describeEventStore } from "./contract/event-store-contract.ts";
import { deliveryOf, eventText } from "./support/frames.ts";
import { createDatabase } from "./support/postgres-database.ts";
import { waitFor } from "./support/wait-for.ts";

const log = createLogger({ service: "test", level: "silent" });

describeEventStore("the PostgreSQL event store", async () => {
  const database = await createDatabase(inject("databaseUrl"));
  const open = () => openPostgresEventStore({ url: database.url, log, migrate: true, maxConnections: 2 });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
});

/** An empty database, what opens stores on it, and a connection beside them; all gone when the test ends. */
async function prepare() {
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const beside = new pg.Client({ connectionString: database.url });
  await beside.connect();
  onTestFinished(() => beside.end());
  const open = async ({ migrate }: { migrate: boolean }) => {
    const store = await openPostgresEventStore({ url: database.url, log, migrate, maxConnections: 2 });
    onTestFinished(() => store.close());
    return store;
  };
  return { beside, open, openConsumer: () => open({ migrate: true }) };
}

const topicOf = (id: string) => eventText({ topic: "t", id });
const forwardIds = async (store: EventStore, after?: string) => {
  const page = await store.listEvents({ limit: 100, order: "asc", ...(after !== undefined && { after }) });
  return page.events.map((event) => event.eventId);
};

/** Waits until as many connections of this database stand in line for a lock. */
function waitForLocks(beside: pg.Client, count: number) {
  return waitFor(`${count} connections to wait for a lock`, async () => {
    const { rowCount } = await beside.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rowCount === count;
  });
}

describe("consumers at the same time", () => {
  test("store each of overlapping events once and never deadlock", async () => {
    const { openConsumer } = await prepare();
    const stores = [await openConsumer(), await openConsumer()];
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    const orders = [ids, ids.toReversed()];

    const applied = await Promise.all(
      stores.map(async (store, index) => {
        const verdicts: string[] = [];
        for (let round = 0; round < 20; round++) {
          const events = (orders[index] ?? []).map((id) => topicOf(`${id}-${round}`));
          const { frames } = await store.apply([deliveryOf(events)], { maxNamed: 0 });
          verdicts.push(...frames.map((frame) => frame.verdicts));
        }
        return verdicts.join("");
      }),
    );

    const letters = applied.join("");
    expect(letters.replaceAll("d", "")).toHaveLength(800);
    expect(letters).toHaveLength(1_600);
    expect(await stores[0]?.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 800, duplicates: 800, conflicts: 0 });
  });

  test("count a frame once that both apply, and give it the same verdicts", async () => {
    const { beside, openConsumer } = await prepare();
    const stores = [await openConsumer(), await openConsumer()];
    const delivery = deliveryOf([topicOf("a"), topicOf("b"), topicOf("a")]);
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
    expect(await stores[1]?.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 2, duplicates: 1 });
  });

  test("count in slots of their own, and leave them to those who come after", async () => {
    const { beside, open, openConsumer } = await prepare();
    const [first, second] = [await openConsumer(), await openConsumer()];
    const slotsOf = async (id: string) => {
      const { rows } = await beside.query("SELECT slot FROM counters WHERE topic = $1", [id]);
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
    expect(await third.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 3, topicsTotal: 3 });
  });

  test("migrate an empty database together", async () => {
    const { beside, openConsumer } = await prepare();

    const stores = await Promise.all(Array.from({ length: 5 }, openConsumer));

    await Promise.all(stores.map((store) => store.apply([deliveryOf([topicOf("a")])], { maxNamed: 0 })));
    expect(await stores[0]?.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 1, duplicates: 4 });
    expect((await beside.query("SELECT name FROM migrations")).rows).toEqual([{ name: "0001-books" }]);
  });
});

describe("a walk forward", () => {
  test("waits for what may still commit before the newest, and skips nothing", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    await beside.query("BEGIN");
    await beside.query(
      `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
       SELECT base + pg_current_xact_id()::text::bigint, 1, 't', 'slow', now(), '', '{}', now() FROM positions`,
    );
    await store.apply([deliveryOf([topicOf("quick")])], { maxNamed: 0 });

    const walkedMeanwhile = await forwardIds(store);
    const newest = await store.listEvents({ limit: 10, order: "desc" });
    await beside.query("COMMIT");

    expect(walkedMeanwhile).toEqual([]);
    expect(newest.events.map((event) => event.eventId)).toEqual(["quick"]);
    await waitFor("both events in order", async () => (await forwardIds(store)).join() === "slow,quick");
  });

  test("keeps its base while a transaction stays open beside it", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    await beside.query("BEGIN");
    await beside.query("SELECT pg_current_xact_id()");
    await store.apply([deliveryOf([topicOf("a")])], { maxNamed: 0 });

    await openConsumer();

    expect((await beside.query("SELECT base FROM positions")).rows).toEqual([{ base: "0" }]);
  });

  test("goes on after a dump was restored into a server that counts from the start", async () => {
    const { beside, openConsumer } = await prepare();
    const before = await openConsumer();
    await before.apply([deliveryOf([topicOf("old")])], { maxNamed: 0 });
    await before.close();
    await beside.query("UPDATE events SET tx = tx + 1000000000");
    await beside.query("UPDATE positions SET history = 'the server before'");

    const store = await openConsumer();
    const { next } = await store.listEvents({ limit: 100, order: "asc" });
    await store.apply([deliveryOf([topicOf("new")])], { maxNamed: 0 });

    await waitFor("the new event after the old one", async () => (await forwardIds(store)).join() === "old,new");
    expect(await forwardIds(store, next)).toEqual(["new"]);
  });
});

describe("a frame that the log holds twice", () => {
  test("counts once, and both its places are known to the books", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    const { frame } = deliveryOf([topicOf("a"), topicOf("b")]);
    const at = (sequence: number) => ({ frame, origin: { incarnation: "now", sequence } });

    await store.apply([at(1), at(2)], { maxNamed: 0 });
    await store.apply([at(2), at(3)], { maxNamed: 0 });

    const window = { incarnation: "now", held: [{ first: 2, last: 3 }] };
    const books = await store.readBooks({ maxTopics: 1, log: window });
    expect(books).toMatchObject({ unique: 2, duplicates: 0, appliedHeldEvents: 4 });
    const copies = await beside.query("SELECT sequence::integer FROM frame_copies ORDER BY sequence");
    expect(copies.rows).toEqual([{ sequence: 2 }, { sequence: 3 }]);
  });
});

describe("a database in trouble", () => {
  const unreachable = { name: "Unavailable", code: "store_unreachable" };

  test("has no tables yet: a reader says so, and reads once they are there", async () => {
    const { open, openConsumer } = await prepare();
    const reader = await open({ migrate: false });

    const reads = [
      () => reader.readBooks({ maxTopics: 1 }),
      () => reader.findEvent("t", "a"),
      () => reader.listEvents({ limit: 1, order: "asc" }),
      () => reader.apply([deliveryOf([topicOf("a")])], { maxNamed: 0 }),
    ];
    for (const read of reads) {
      await expect(read()).rejects.toMatchObject({ ...unreachable, message: expect.stringContaining("no tables yet") });
    }

    await openConsumer();
    expect(await reader.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 0 });
  });

  test("is not there at all", async () => {
    const url = "postgres://nobody@127.0.0.1:1/nothing";
    const reader = await openPostgresEventStore({ url, log, migrate: false });
    onTestFinished(() => reader.close());

    await expect(reader.ping()).rejects.toMatchObject(unreachable);
    await expect(openPostgresEventStore({ url, log, migrate: true })).rejects.toMatchObject(unreachable);
  });

  test("is not migrated again by a connection that replaces another", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    const delivery = deliveryOf([topicOf("a")]);
    await beside.query("BEGIN");
    await beside.query("LOCK TABLE migrations"); // as a newer release does while it migrates
    await beside.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tidemark%'`,
    );

    const applied = await waitFor("the store to apply again", () => store.apply([delivery], { maxNamed: 0 }));

    expect(applied.frames[0]).toMatchObject({ verdicts: "s" });
    await beside.query("ROLLBACK");
  });

  test("is too slow for a batch: the next attempts take fewer frames at once", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    // In place of the server's timer: whoever writes more than two frames at once is out of time.
    await beside.query(
      `CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF (SELECT count(*) FROM written) > 2 THEN RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled'; END IF;
         RETURN NULL;
       END $$`,
    );
    await beside.query(
      `CREATE TRIGGER slow AFTER INSERT ON frames REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION be_slow()`,
    );
    const batch = ["a", "b", "c", "d", "a", "a"].map((id) => deliveryOf([topicOf(id)]));
    const applyBatch = () => store.apply(batch, { maxNamed: 1 });

    await expect(applyBatch()).rejects.toMatchObject({ ...unreachable, cause: { code: "57014" } });
    await expect(applyBatch()).rejects.toMatchObject(unreachable);
    const { frames, dropped } = await applyBatch();

    expect(frames.map(({ frameId, verdicts }) => [frameId, verdicts])).toEqual(
      batch.map(({ frame }, index) => [frame.id, index < 4 ? "s" : "d"]),
    );
    expect(dropped).toHaveLength(1);
    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 4, duplicates: 2 });
  });

  test("is closed to everybody by its operator: it is waited for", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    const delivery = deliveryOf([topicOf("a")]);
    const { rows } = await beside.query<{ name: string }>("SELECT current_database() AS name");
    const admin = new pg.Client({ connectionString: inject("databaseUrl") });
    await admin.connect();
    onTestFinished(() => admin.end());
    await admin.query(`ALTER DATABASE ${rows[0]?.name} ALLOW_CONNECTIONS false`);
    await beside.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tidemark%'`,
    );

    await waitFor("the operator's refusal", async () => {
      const refused = await store.apply([delivery], { maxNamed: 0 }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ ...unreachable, cause: { code: "55000" } });
      return true;
    });
    await admin.query(`ALTER DATABASE ${rows[0]?.name} ALLOW_CONNECTIONS true`);

    expect((await store.apply([delivery], { maxNamed: 0 })).frames[0]).toMatchObject({ isNew: true, verdicts: "s" });
  });

  test("cuts all connections: the next ones serve", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    await store.apply([deliveryOf([topicOf("a")])], { maxNamed: 0 });
    await store.ping();

    await beside.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

    const delivery = deliveryOf([topicOf("a"), topicOf("b")]);
    const applied = await waitFor("the store to apply again", () => store.apply([delivery], { maxNamed: 0 }));
    expect(applied.frames[0]?.verdicts).toBe("ds");
    await waitFor("the store to answer again", () => store.ping().then(() => true));
    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 2, duplicates: 1 });
  });

  test("answers what does not fit: our bug, not a store to wait for", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    await beside.query(
      `CREATE FUNCTION forget_verdicts() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.verdicts := ''; RETURN NEW; END $$`,
    );
    await beside.query("CREATE TRIGGER forget BEFORE INSERT ON frames FOR EACH ROW EXECUTE FUNCTION forget_verdicts()");

    const applying = store.apply([deliveryOf([topicOf("a")])], { maxNamed: 0 });

    await expect(applying).rejects.toMatchObject({ name: "Error", message: "the verdicts do not fit the frames" });
  });

  test("cuts the connection during a transaction: nothing of it stays", async () => {
    const { beside, openConsumer } = await prepare();
    const store = await openConsumer();
    await beside.query("BEGIN");
    await beside.query("LOCK TABLE frames IN SHARE MODE");
    const delivery = deliveryOf([topicOf("a")]);
    const applying = store.apply([delivery], { maxNamed: 0 });
    const refused = expect(applying).rejects.toMatchObject(unreachable);
    await waitForLocks(beside, 1);

    await beside.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    await refused;
    await beside.query("ROLLBACK");

    expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ unique: 0 });
    expect((await store.apply([delivery], { maxNamed: 0 })).frames[0]).toMatchObject({ isNew: true, verdicts: "s" });
  });
});
