import { randomBytes } from "node:crypto";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";

const SECRETS = ["secret-payload", "secret-attribute", "secret-source", "secret-conflict", "secret-letter"];

/** Returns the secrets that are in the files of tables, indexes and TOAST tables, with the names of the files. */
async function secretsInFiles(beside: pg.Client): Promise<Set<string>> {
  await beside.query("CHECKPOINT");
  const { rows } = await beside.query<{ found: string }>(
    `SELECT secret || ' in ' || relname AS found
     FROM unnest($1::text[]) AS secret JOIN pg_class ON pg_relation_filepath(pg_class.oid) LIKE 'base/%'
     WHERE position(convert_to(secret, 'UTF8') IN pg_read_binary_file(pg_relation_filepath(pg_class.oid))) > 0`,
    [SECRETS],
  );
  return new Set(rows.map(({ found }) => found));
}

test("nothing of erased events is in the files of the tables after a full vacuum", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const ids = Array.from({ length: 20 }, (_, n) => `e-${n}`);
  for (const [n, id] of ids.entries()) {
    const filling = randomBytes(n % 3 === 0 ? 20_000 : 100).toString("hex"); // text that PostgreSQL does not compress
    const event = {
      id,
      topic: "t",
      source: "secret-source",
      payload: `{"text":"${filling} secret-payload"}`,
      attributes: `{"more":"${filling} secret-attribute"}`,
    };
    const conflict = eventText({ ...event, payload: `{"text":"${filling} secret-conflict"}` });
    await verdictsOf(store, [eventText(event), eventText(event), conflict]);
  }
  await beside.query("ALTER TABLE events ADD CONSTRAINT refusal CHECK (event_id <> 'e-0') NOT VALID");
  const refused = eventText({ topic: "t", id: "e-0", payload: '{"text":"secret-letter"}' });
  expect(await verdictsOf(store, [refused])).toEqual(["x"]);
  await beside.query("ALTER TABLE events DROP CONSTRAINT refusal");
  // Statistics hold samples of the columns, and a counter holds the name of each source that sent a duplicate.
  await beside.query("ANALYZE events, duplicates");
  expect([...(await secretsInFiles(beside))]).toEqual(
    expect.arrayContaining([
      "secret-payload in events",
      "secret-attribute in events",
      "secret-source in events",
      "secret-conflict in duplicates",
      "secret-letter in dead_letters",
    ]),
  );

  for (const id of ids) await store.eraseEvent("t", id);
  await beside.query("DELETE FROM source_counters; DELETE FROM sources");
  // A vacuum keeps what a transaction can still see, such as an automatic ANALYZE that has just begun.
  await waitFor("files without secrets after a full vacuum", async () => {
    await beside.query("VACUUM (FULL, ANALYZE) events, duplicates, dead_letters, source_counters, sources");
    await beside.query("VACUUM (FULL) pg_statistic");
    return (await secretsInFiles(beside)).size === 0;
  });
});

test("an erasure waits for a batch that lists a conflict of the event, and erases that conflict as well", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [store, other] = [await openConsumer(), await openConsumer()];
  await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);
  // The last statement of a batch waits for this row, with the conflict listed and not committed.
  await beside.query("BEGIN; LOCK TABLE frames IN EXCLUSIVE MODE");
  const applying = verdictsOf(store, [eventText({ topic: "t", id: "e", source: "another" })]);
  await waitForLocks(beside, 1);
  const erasing = other.eraseEvent("t", "e");
  await waitForLocks(beside, 2);
  await beside.query("COMMIT");

  expect(await Promise.all([applying, erasing])).toEqual([["c"], true]);

  const { duplicates } = await store.listDuplicates({ limit: 10 });
  expect(duplicates).toMatchObject([{ source: "", isConflict: true }]);
  expect(duplicates[0]?.content).toBeUndefined();
});

test("a batch that meets an erasure waits for it, and leaves no content of its duplicate", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);
  await beside.query("BEGIN; SELECT erase_stored_event('t', 'e')");
  const applying = verdictsOf(store, [eventText({ topic: "t", id: "e", source: "another" })]);
  await waitForLocks(beside, 1);
  await beside.query("COMMIT");

  expect(await applying).toEqual(["d"]);

  expect((await store.listDuplicates({ limit: 10 })).duplicates).toMatchObject([{ source: "", isConflict: false }]);
  const { rows } = await beside.query("SELECT source, payload, attributes FROM duplicates");
  expect(rows).toEqual([{ source: "", payload: null, attributes: null }]);
});

test("a comparison that waits for an erasure does not bring a value of the erased payload back", async () => {
  const { beside, openConsumer, url } = await prepareStores();
  const store = await openConsumer();
  const payload = `{"text":${" ".repeat(10_000)}"secret"}`; // the text is so long for its value that the value is kept beside it
  await verdictsOf(store, [eventText({ topic: "t", id: "e", payload })]);
  const comparing = new pg.Client({ connectionString: url });
  await comparing.connect();
  onTestFinished(() => comparing.end());

  await beside.query("BEGIN; SELECT erase_stored_event('t', 'e')");
  const compared = comparing.query(
    `SELECT has_other_content(ROW('t', 'e', now(), 'test', '{"text":"other"}', NULL, false, 1)::incoming_event, true, true) AS differs`,
  );
  await waitForLocks(beside, 1);
  await beside.query("COMMIT");

  expect((await compared).rows).toEqual([{ differs: false }]);
  const { rows } = await beside.query("SELECT payload, payload_size, payload_value FROM events");
  expect(rows).toEqual([{ payload: null, payload_size: null, payload_value: null }]);
});
