import { deliveryOf } from "@tidemark/event-store/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { eventOf, prepareStores, terminate, waitForLocks } from "./fixture/postgres-event-stores.ts";
import { verifyPostgres } from "./maintain/audit.ts";
import { openPostgresEventStore } from "./postgres-event-store.ts";

const logger = createLogger({ service: "test", level: "silent" });

const unreachable = { name: "Unavailable", code: "store_unreachable" };

test("a reader reports that a database has no tables, and reads once they exist", async () => {
  const { open, openConsumer } = await prepareStores({ hasTables: false });
  const reader = await open({ migrate: false });

  const reads = [
    () => reader.readBooks({ maxTopics: 1 }),
    () => reader.findEvent("t", "a"),
    () => reader.listEvents({ limit: 1, order: "asc" }),
    () => reader.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 }),
  ];
  for (const read of reads) {
    await expect(read()).rejects.toMatchObject({ ...unreachable, message: expect.stringContaining("no tables yet") });
  }

  await openConsumer();
  expect(await reader.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 0 });
});

test("every method says that the database has the tables of another release", async () => {
  const { beside, open, openConsumer, url } = await prepareStores();
  const consumer = await openConsumer();
  const reader = await open({ migrate: false });
  await beside.query("DROP TABLE topic_counters CASCADE; DROP TABLE duplicates; DROP TABLE last_audit");
  const { rows } = await beside.query("SELECT oid::regprocedure AS name FROM pg_proc WHERE proname = 'apply_frames_5'");
  await beside.query(`DROP FUNCTION ${rows[0]?.name}`);

  const questions = [
    () => reader.readBooks({ maxTopics: 1 }),
    () => reader.listDuplicates({ limit: 1 }),
    () => reader.audit(),
    () => verifyPostgres({ url }),
    () => consumer.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 }),
    () => open({ migrate: true }), // looks at the positions of duplicates
  ];
  for (const ask of questions) {
    await expect(ask()).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining("another release"),
    });
  }
});

test("a missing database makes the store unavailable", async () => {
  const url = "postgres://nobody@127.0.0.1:1/nothing";
  const reader = await openPostgresEventStore({ url, logger, migrate: false });
  onTestFinished(() => reader.close());

  await expect(reader.ping()).rejects.toMatchObject(unreachable);
  await expect(openPostgresEventStore({ url, logger, migrate: true })).rejects.toMatchObject(unreachable);
});

test("a connection that replaces a lost one does not migrate again", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const delivery = deliveryOf([eventOf("a")]);
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE migrations"); // as a newer release does while it migrates
  await terminate(beside, "application_name LIKE 'tidemark%'");

  const applied = await waitFor("the store to apply again", () => store.apply([delivery], { maxNamed: 0 }));

  expect(applied.frames[0]).toMatchObject({ verdicts: "s" });
  await beside.query("ROLLBACK");
});

test("a second writer connects while a newer release migrates", async () => {
  const { beside, url } = await prepareStores();
  const store = await openPostgresEventStore({ url, logger, migrate: true, maxConnections: 1, maxWriters: 2 });
  onTestFinished(() => store.close());
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE migrations");
  await beside.query("SAVEPOINT frames");
  await beside.query("LOCK TABLE frames IN SHARE MODE");

  const applying = ["a", "b"].map((id) => store.apply([deliveryOf([eventOf(id)])], { maxNamed: 0 }));
  await waitForLocks(beside, 2);
  await beside.query("ROLLBACK TO SAVEPOINT frames");

  expect(await Promise.all(applying)).toMatchObject(["s", "s"].map((verdicts) => ({ frames: [{ verdicts }] })));
  await beside.query("ROLLBACK");
});

/** Replaces the timer of the server: a transaction that writes more than two frames runs out of time. */
async function slowDown(beside: pg.Client): Promise<void> {
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
}

test("the commit of one batch does not raise the number of frames of another batch that ran out of time", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await slowDown(beside);
  const batch = ["a", "b", "c", "d"].map((id) => deliveryOf([eventOf(id)]));

  await expect(store.apply(batch, { maxNamed: 0 })).rejects.toMatchObject(unreachable);
  await store.apply([deliveryOf([eventOf("e")])], { maxNamed: 0 });

  expect((await store.apply(batch, { maxNamed: 0 })).frames.map(({ verdicts }) => verdicts).join("")).toBe("ssss");
});

test("a batch that runs out of time is applied with fewer frames at once", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await slowDown(beside);
  const batch = ["a", "b", "c", "d", "a", "a"].map((id) => deliveryOf([eventOf(id)]));
  const applyBatch = () => store.apply(batch, { maxNamed: 1 });

  await expect(applyBatch()).rejects.toMatchObject({ ...unreachable, cause: { code: "57014" } });
  await expect(applyBatch()).rejects.toMatchObject(unreachable);
  const { frames, dropped } = await applyBatch();

  expect(frames.map(({ frameId, verdicts }) => [frameId, verdicts])).toEqual(
    batch.map(({ frame }, index) => [frame.id, index < 4 ? "s" : "d"]),
  );
  expect(dropped).toHaveLength(1);
  expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 4, duplicates: 2 });
});

test("the first writer does the work of the second when the database has no connection to spare", async () => {
  const { beside, url } = await prepareStores();
  const store = await openPostgresEventStore({ url, logger, migrate: true, maxConnections: 1, maxWriters: 2 });
  onTestFinished(() => store.close());
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE frames IN SHARE MODE");
  const applying = [store.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 })];
  await waitForLocks(beside, 1);
  const { rows } = await beside.query<{ name: string }>("SELECT current_database() AS name");
  await changeDatabase(inject("databaseUrl"), `ALTER DATABASE ${rows[0]?.name} ALLOW_CONNECTIONS false`);

  applying.push(store.apply([deliveryOf([eventOf("b")])], { maxNamed: 0 }));
  await beside.query("ROLLBACK");

  expect(await Promise.all(applying)).toMatchObject(["s", "s"].map((verdicts) => ({ frames: [{ verdicts }] })));
});

test("a database that its operator has closed to connections makes the store unavailable until it is opened", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const delivery = deliveryOf([eventOf("a")]);
  const { rows } = await beside.query<{ name: string }>("SELECT current_database() AS name");
  const admin = new pg.Client({ connectionString: inject("databaseUrl") });
  await admin.connect();
  onTestFinished(() => admin.end());
  await admin.query(`ALTER DATABASE ${rows[0]?.name} ALLOW_CONNECTIONS false`);
  await terminate(beside, "application_name LIKE 'tidemark%'");

  await waitFor("the operator's refusal", async () => {
    const refused = await store.apply([delivery], { maxNamed: 0 }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ ...unreachable, cause: { code: "55000" } });
    return true;
  });
  await admin.query(`ALTER DATABASE ${rows[0]?.name} ALLOW_CONNECTIONS true`);

  expect((await store.apply([delivery], { maxNamed: 0 })).frames[0]).toMatchObject({ isNew: true, verdicts: "s" });
});

test("new connections replace those that the database has cut", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await store.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 });
  await store.ping();

  await terminate(beside, "pid <> pg_backend_pid()");

  const delivery = deliveryOf([eventOf("a"), eventOf("b")]);
  const applied = await waitFor("the store to apply again", () => store.apply([delivery], { maxNamed: 0 }));
  expect(applied.frames[0]?.verdicts).toBe("ds");
  await waitFor("the store to answer again", () => store.ping().then(() => true));
  expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 2, duplicates: 1 });
});

test("verdicts that do not match the frames are our bug, not an unavailable store", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query(
    `CREATE FUNCTION forget_verdicts() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN NEW.verdicts := ''; RETURN NEW; END $$`,
  );
  await beside.query("CREATE TRIGGER forget BEFORE INSERT ON frames FOR EACH ROW EXECUTE FUNCTION forget_verdicts()");

  const applying = store.apply([deliveryOf([eventOf("a")])], { maxNamed: 0 });

  await expect(applying).rejects.toMatchObject({ name: "Error", message: "the verdicts do not match the frames" });
});

test("a ledger row that vanishes during its batch is our bug, with a message", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const known = deliveryOf([eventOf("a")]);
  await store.apply([known], { maxNamed: 0 });
  await beside.query(
    `CREATE FUNCTION forget_frame() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN DELETE FROM frames WHERE frame_id = NEW.frame_id; RETURN NULL; END $$`,
  );
  await beside.query(
    "CREATE TRIGGER forget AFTER INSERT ON repeated_frames FOR EACH ROW EXECUTE FUNCTION forget_frame()",
  );
  const repeated = { ...known, origin: { ...known.origin, sequence: 2 } };

  const applying = store.apply([repeated], { maxNamed: 0 });

  await expect(applying).rejects.toMatchObject({ name: "Error", message: "the verdicts do not match the frames" });
});

test("a transaction whose connection is cut leaves nothing behind", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE frames IN SHARE MODE");
  const delivery = deliveryOf([eventOf("a")]);
  const applying = store.apply([delivery], { maxNamed: 0 });
  const refused = expect(applying).rejects.toMatchObject(unreachable);
  await waitForLocks(beside, 1);

  await terminate(beside, "wait_event_type = 'Lock'");
  await refused;
  await beside.query("ROLLBACK");

  expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 0 });
  expect((await store.apply([delivery], { maxNamed: 0 })).frames[0]).toMatchObject({ isNew: true, verdicts: "s" });
});
