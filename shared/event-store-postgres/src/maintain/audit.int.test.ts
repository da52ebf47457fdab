import { Unavailable } from "@tidemark/domain/errors";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { expect, test } from "vitest";
import { eventOf, prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";
import { verifyPostgres } from "./audit.ts";

test("an audit counts dead letters, deleted dead letters and those without a topic", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query(
    `INSERT INTO topic_counters (slot, topic, dead_lettered, dead_letters_deleted, last_processed_at) VALUES (3, 't', 3, 1, now()), (4, '', 5, 0, now())`,
  );
  await beside.query("INSERT INTO book_totals VALUES (3, 0, 0, 0, 3, 1, 0), (4, 0, 0, 0, 5, 1, 0)");
  await beside.query(
    `INSERT INTO dead_letters (received_at, dead_at, events, attempts, frame_id, topic, code, reason, content)
     SELECT now(), now(), events, 1, gen_random_uuid(), topic, '22P02', 'r', ''
     FROM (VALUES (1, 't'), (1, 't'), (5, NULL)) AS letter (events, topic)`,
  );

  expect(await store.audit()).toMatchObject({ isBalanced: true, topicsTotal: 2, counted: { deadLettered: 8 } });
});

test("an audit is not balanced when the totals are not those of the topics", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [eventOf("a")]);
  await beside.query("UPDATE book_totals SET stored = 2");

  expect(await store.audit()).toMatchObject({
    isBalanced: false,
    differencesTotal: 0,
    booked: { stored: 2 },
    counted: { stored: 1 },
  });
});

test("a database is verified without a change to it", async () => {
  const { openConsumer, url } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [eventOf("a"), eventOf("a")]);

  const audit = await verifyPostgres({ url });

  expect(audit).toMatchObject({ isBalanced: true, counted: { stored: 1, duplicates: 1 } });
  expect((await store.readBooks({ maxTopics: 1 })).lastAudit).toBeUndefined();
});

test("an audit of a database without tables, or without a server, is unavailable", async () => {
  const { open, url } = await prepareStores({ hasTables: false });
  const empty = await open({ migrate: false });

  await expect(empty.audit()).rejects.toThrow(Unavailable); // no tables
  const nowhere = new URL(url);
  nowhere.port = "1";
  await expect(verifyPostgres({ url: nowhere.toString() })).rejects.toThrow(Unavailable);
});

test("a store that is closed ends its audit", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("BEGIN");
  await beside.query("LOCK TABLE events");
  const outcome = store.audit().catch((error: unknown) => error);
  await waitForLocks(beside, 1);

  await store.close();

  expect(await outcome).toBeInstanceOf(Unavailable);
  await beside.query("ROLLBACK");
});

test("a process that finds another one pruning skips the step", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [eventOf("a"), eventOf("a"), eventOf("a")]);
  const step = { receivedBeforeMs: Date.now() + 60_000, limit: 10 };
  await beside.query("SELECT pg_advisory_lock(7305804402565173250)");

  const asked = [await store.pruneDuplicates(step), await store.pruneDuplicates({ ...step, after: "5-6" })];
  await beside.query("SELECT pg_advisory_unlock(7305804402565173250)");

  expect(asked).toEqual([
    { forgotten: 0, isAtEnd: true },
    { forgotten: 0, isAtEnd: true, position: "5-6" },
  ]);
  expect(await store.pruneDuplicates(step)).toMatchObject({ forgotten: 2 });
});
