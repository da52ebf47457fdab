import { apply } from "@tidemark/event-store/contract/applying";
import { countsOf, deadLettersOf } from "@tidemark/event-store/contract/dead-letters/read-dead-letters";
import { describeSlowEvents } from "@tidemark/event-store/contract/dead-letters/slow-events";
import { deliveryOf } from "@tidemark/event-store/contract/frames";
import type pg from "pg";
import { expect, test } from "vitest";
import { eventOf, prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";

const WRITE_TIMEOUT_MS = 4_000;

async function prepareSlowStore() {
  const { beside, open } = await prepareStores();
  const store = await open({ migrate: true, writeTimeoutMs: WRITE_TIMEOUT_MS });
  return { beside, store };
}

/**
 * Makes the database take an hour for an event that meets the condition. The sleep is the fault itself: the store's time
 * limit ends it, and no test waits for its end. A loop would take the processor from the trials of the neighbours.
 */
async function slowDown(beside: pg.Client, condition: string): Promise<void> {
  await beside.query(
    "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$",
  );
  await beside.query(
    `CREATE TRIGGER dawdling BEFORE INSERT ON events FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION dawdle()`,
  );
}

describeSlowEvents(async () => {
  const { beside, store } = await prepareSlowStore();
  return {
    store,
    slowDown: (...ids) => slowDown(beside, `NEW.event_id IN (${ids.map((id) => `'${id}'`).join(",")})`),
    speedUp: async () => void (await beside.query("DROP TRIGGER dawdling ON events")),
  };
});

const unreachable = { name: "Unavailable", code: "store_unreachable" };

test.each([
  ["a table", "LOCK TABLE events"],
  [
    "an event of the same key",
    `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
     VALUES (0, 0, 't', 'b', '2025-10-23T10:00:00Z', 'test', '{}', now())`,
  ],
])("a batch that waits for a lock on %s until its time limit makes no dead letter", async (_what, statement) => {
  const { beside, store } = await prepareSlowStore();
  const delivery = deliveryOf([eventOf("a"), eventOf("b")]);
  await beside.query("BEGIN");
  await beside.query(statement);

  const refused = expect(apply(store, delivery)).rejects.toMatchObject(unreachable);
  await waitForLocks(beside, 1);
  await refused;
  await beside.query("ROLLBACK");

  expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: true, verdicts: "ss" }]);
  expect(await deadLettersOf(store)).toEqual([]);
});

test("a database that is slow with every event is waited for", async () => {
  const { beside, store } = await prepareSlowStore();
  await slowDown(beside, "true");
  const delivery = deliveryOf([eventOf("a"), eventOf("b")]);

  await expect(apply(store, delivery)).rejects.toMatchObject(unreachable);

  await beside.query("DROP TRIGGER dawdling ON events");
  expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: true, verdicts: "ss" }]);
  expect(await countsOf(store)).toMatchObject({ stored: 2, deadLettered: 0 });
});

test("an event that was slow once is not at fault, and is stored with the next attempt", async () => {
  const { beside, store } = await prepareSlowStore();
  await beside.query("CREATE SEQUENCE attempts");
  // The event is slow in the batch, in a trial beside its neighbour, and once alone. A sequence counts the attempts,
  // because it is not rolled back.
  await slowDown(beside, "NEW.event_id = 'b' AND nextval('attempts') < 4");
  const delivery = deliveryOf([eventOf("a"), eventOf("b")]);

  await expect(apply(store, delivery)).rejects.toMatchObject(unreachable);

  expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: true, verdicts: "ss" }]);
  expect(await deadLettersOf(store)).toEqual([]);
});
