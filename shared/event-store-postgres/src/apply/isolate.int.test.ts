import { apply, verdictsOf } from "@tidemark/event-store/contract/applying";
import { countsOf, deadLettersOf, onlyDeadLetter } from "@tidemark/event-store/contract/dead-letters/read-dead-letters";
import { deliveryOf, eventText } from "@tidemark/event-store/contract/frames";
import type { AppliedDelivery, EventStore } from "@tidemark/event-store/event-store";
import type pg from "pg";
import { expect, test } from "vitest";
import { eventOf, prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";

/** Installs a trigger that runs this PL/pgSQL before each event is stored. */
async function beforeEachEvent(beside: pg.Client, statements: string): Promise<void> {
  await beside.query(
    `CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statements} RETURN NEW; END $$`,
  );
  await beside.query("CREATE TRIGGER meddling BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION meddle()");
}

const refusing = (condition: string) =>
  `IF ${condition} THEN RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'check_violation'; END IF;`;

const REFUSE_BAD = refusing("NEW.event_id LIKE 'bad%'");

/** Compares the counters with the rows. */
async function expectBalance(beside: pg.Client): Promise<void> {
  const { rows } = await beside.query(
    `SELECT (SELECT count(*) FROM events) AS stored, (SELECT count(*) FROM duplicates) AS duplicates,
            (SELECT count(*) FROM duplicates WHERE is_conflict) AS conflicts, (SELECT sum(events) FROM dead_letters) AS dead,
            (SELECT sum(duplicates) FROM source_counters) AS of_sources, (SELECT sum(frames) FROM frame_counters) AS frames,
            (SELECT sum(events) FROM frames) AS frame_events
     UNION ALL
     SELECT sum(stored), sum(duplicates), sum(conflicts), nullif(sum(dead_lettered), 0), nullif(sum(duplicates), 0),
            (SELECT count(*) FROM frames) + (SELECT count(*) FROM repeated_frames), (SELECT sum(events) FROM frame_counters)
     FROM topic_counters
     UNION ALL
     SELECT sum(stored), sum(duplicates), sum(conflicts), nullif(sum(dead_lettered), 0), nullif(sum(duplicates), 0),
            (SELECT count(*) FROM frames) + (SELECT count(*) FROM repeated_frames),
            sum(stored) + sum(duplicates) + sum(dead_lettered)
     FROM book_totals`,
  );
  expect(rows[1]).toEqual(rows[0]);
  expect(rows[2]).toEqual(rows[0]);
}

async function ledgerOf(store: EventStore, { frame }: AppliedDelivery): Promise<string | undefined> {
  return (await store.findFrame(frame.id))?.verdicts;
}

test("a bad event does not stop two consumers that have the same keys in opposite orders", async () => {
  const { beside, openConsumer } = await prepareStores();
  const first = await openConsumer();
  const stores = [first, await openConsumer()];
  await beforeEachEvent(beside, REFUSE_BAD);
  const ids = Array.from({ length: 60 }, (_, index) => `e${index}`);
  const orders = [[...ids.slice(0, 30), "bad", ...ids.slice(30)], ids.toReversed()];

  const applied = await Promise.all(
    stores.map(async (store, index) => {
      const verdicts: string[] = [];
      for (let round = 0; round < 8; round++) {
        const events = (orders[index] ?? []).map((id) => eventOf(`${id}-${round}`));
        verdicts.push(...(await verdictsOf(store, events.slice(0, 20), events.slice(20))));
      }
      return verdicts.join("");
    }),
  );

  expect(applied.map((verdicts) => verdicts.replaceAll(/[sd]/g, ""))).toEqual(["xxxxxxxx", ""]);
  expect(await countsOf(first)).toEqual({ stored: 480, duplicates: 480, conflicts: 0, deadLettered: 8 });
  await expectBalance(beside);
});

test("the search for a bad event waits for an uncommitted event of the same key, and the event becomes its duplicate", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beforeEachEvent(beside, REFUSE_BAD);
  await beside.query("BEGIN");
  await beside.query(
    `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
     VALUES (0, 0, 't', 'shared', '2025-10-23T10:00:00Z', 'test', '{}', now())`,
  );

  const applying = verdictsOf(store, [eventOf("bad"), eventOf("shared"), eventOf("z")]);
  await waitForLocks(beside, 1);
  await beside.query("COMMIT");

  expect(await applying).toEqual(["xds"]);
});

test("a bad event is one dead letter when two consumers apply its frame", async () => {
  const { beside, openConsumer } = await prepareStores();
  const stores = [await openConsumer(), await openConsumer()];
  await beforeEachEvent(beside, REFUSE_BAD);
  const delivery = deliveryOf([eventOf("a"), eventOf("bad"), eventOf("a")]);

  const applied = await Promise.all(stores.map((store) => apply(store, delivery)));

  expect(applied.flatMap(({ frames }) => frames.map(({ verdicts }) => verdicts))).toEqual(["sxd", "sxd"]);
  expect(applied.map(({ frames }) => frames[0]?.isNew).toSorted()).toEqual([false, true]);
  await expectBalance(beside);
});

test("a dead letter has the reason of the server without the detail that repeats the data", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("ALTER TABLE events ADD CONSTRAINT no_secrets CHECK (source <> 'secret')");

  await verdictsOf(store, [eventText({ source: "secret" })]);

  const { code, reason } = await onlyDeadLetter(store);
  expect(code).toBe("23514");
  expect(reason).toContain("no_secrets");
  expect(reason).not.toContain("secret,");
});

test("an event that is refused only when it is compared with the stored one becomes a dead letter", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const eventA = (text: string) => eventText({ topic: "t", id: "a", payload: `{"text":"${text}"}` });
  const others = Array.from({ length: 20 }, (_, index) => eventOf(`e${index}`));

  // The payload is stored as JSON text, but jsonb cannot hold it: it is refused when it is compared.
  const verdicts = await verdictsOf(
    store,
    [eventA("first"), ...others, eventA("\\u0000"), eventA("first")],
    [eventA("other")],
  );

  expect(verdicts).toEqual([`s${"s".repeat(20)}xd`, "c"]);
  expect(await onlyDeadLetter(store)).toMatchObject({ code: "22P05", content: eventA("\\u0000") });
  await expectBalance(beside);
});

test("the search for a bad event leaves no event, no duplicate, no count and no frame behind", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beforeEachEvent(beside, REFUSE_BAD);

  await verdictsOf(store, [eventOf("a"), eventOf("a"), eventOf("bad"), eventOf("b"), eventOf("a")]);

  expect((await beside.query("SELECT generation FROM frame_counters WHERE generation = ''")).rows).toEqual([]);
  expect((await beside.query("SELECT FROM frames")).rowCount).toBe(1);
  await expectBalance(beside);
});

test("an event that the search accepted and the batch then refuses becomes a dead letter as well", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  // A sequence is not rolled back, so it counts the attempts: the trial accepts the event, and the batch after it
  // refuses the event.
  await beside.query("CREATE SEQUENCE attempts");
  await beforeEachEvent(beside, `${REFUSE_BAD} ${refusing("NEW.event_id = 'fickle' AND nextval('attempts') > 1")}`);

  const verdicts = await verdictsOf(store, [eventOf("a"), eventOf("bad"), eventOf("fickle"), eventOf("z")]);

  expect(verdicts).toEqual(["sxxs"]);
  expect((await deadLettersOf(store)).map(({ attempts }) => attempts)).toEqual([1, 1]);
  await expectBalance(beside);
});

test("a batch that is refused although each of its events is accepted alone is reported as our bug and changes nothing", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("ALTER TABLE frames ADD CONSTRAINT no_pairs CHECK (events <> 2)");

  const applying = apply(store, deliveryOf([eventOf("a"), eventOf("b")]));

  await expect(applying).rejects.toMatchObject({ name: "Error", cause: { name: "InvalidInput" } });
  expect(await countsOf(store)).toEqual({ stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 });
});

test("a failure of the server during the search makes no dead letter, and the next attempt finds the bad event", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("CREATE SEQUENCE attempts");
  const trouble = `IF NEW.event_id = 'z' AND nextval('attempts') = 1 THEN
    RAISE EXCEPTION 'in trouble' USING ERRCODE = 'insufficient_resources'; END IF;`;
  await beforeEachEvent(beside, `${REFUSE_BAD} ${trouble}`);
  const delivery = deliveryOf([eventOf("a"), eventOf("bad"), eventOf("z")]);

  await expect(apply(store, delivery)).rejects.toMatchObject({ name: "Unavailable", code: "store_unreachable" });

  expect(await deadLettersOf(store)).toEqual([]);
  expect(await ledgerOf(store, delivery)).toBeUndefined();
  expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: true, verdicts: "sxs" }]);
});

test("the search starts again when the server rolls it back in favour of another transaction", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beside.query("CREATE SEQUENCE attempts");
  const deadlock = `IF NEW.event_id = 'z' AND nextval('attempts') = 1 THEN
    RAISE EXCEPTION 'in favour of another' USING ERRCODE = 'deadlock_detected'; END IF;`;
  await beforeEachEvent(beside, `${REFUSE_BAD} ${deadlock}`);

  expect(await verdictsOf(store, [eventOf("a"), eventOf("bad"), eventOf("z")])).toEqual(["sxs"]);
});

test("a receipt time that no calendar has makes no dead letter", async () => {
  const { openConsumer } = await prepareStores();
  const store = await openConsumer();

  const { frames } = await apply(
    store,
    deliveryOf([eventOf("a"), eventOf("a")], { receivedAtMs: 999_999_999_999_999 }),
  );

  expect(frames).toMatchObject([{ verdicts: "sd" }]);
});

test("a dead letter that several replicas redrive at the same time is stored once", async () => {
  const { beside, open, openConsumer } = await prepareStores();
  const consumer = await openConsumer();
  await beforeEachEvent(beside, REFUSE_BAD);
  const delivery = deliveryOf([eventOf("bad1"), eventOf("a"), eventOf("bad2")]);
  await apply(consumer, delivery);
  await beside.query("DROP TRIGGER meddling ON events");
  const ids = (await deadLettersOf(consumer)).map(({ id }) => id);
  const replicas = [await open({ migrate: false }), await open({ migrate: false })];

  const redriven = await Promise.all(replicas.flatMap((store) => ids.map((id) => store.redrive(id))));

  const counted = redriven.map((outcome) => outcome?.status).toSorted();
  expect(counted).toEqual(["stored", "stored", undefined, undefined]);
  expect(await ledgerOf(consumer, delivery)).toBe("sss");
  expect(await countsOf(consumer)).toEqual({ stored: 3, duplicates: 0, conflicts: 0, deadLettered: 0 });
  expect((await beside.query("SELECT FROM frame_counters WHERE generation = ''")).rowCount).toBe(0);
  await expectBalance(beside);
});

test("redrives and batches at the same time use separate transactions", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beforeEachEvent(beside, REFUSE_BAD);
  await verdictsOf(store, [eventOf("a"), ...Array.from({ length: 5 }, (_, index) => eventOf(`bad${index}`))]);
  const deadLetters = await deadLettersOf(store);

  const work = deadLetters.flatMap(({ id }, index) => [store.redrive(id), verdictsOf(store, [eventOf(`new${index}`)])]);
  const done = await Promise.all(work);

  expect(done.filter((outcome) => Array.isArray(outcome)).flat()).toEqual(["s", "s", "s", "s", "s"]);
  expect(done.filter((outcome) => !Array.isArray(outcome))).toMatchObject(
    deadLetters.map(() => ({ status: "refused", code: "23514" })),
  );
  expect((await deadLettersOf(store)).map(({ attempts }) => attempts)).toEqual([2, 2, 2, 2, 2]);
  expect(await countsOf(store)).toEqual({ stored: 6, duplicates: 0, conflicts: 0, deadLettered: 5 });
  await expectBalance(beside);
});

test("a dead letter whose ledger row was pruned is redriven without a change to the ledger", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await beforeEachEvent(beside, REFUSE_BAD);
  await verdictsOf(store, [eventOf("bad")]);
  await beside.query("DROP TRIGGER meddling ON events");
  await beside.query("DELETE FROM frames");
  const { id } = await onlyDeadLetter(store);

  expect(await store.redrive(id)).toEqual({ status: "stored" });

  expect(await countsOf(store)).toMatchObject({ stored: 1, deadLettered: 0 });
});
