import { randomBytes } from "node:crypto";
import { untilScannable, verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";

const ALL = { processedBeforeMs: Date.parse("2100-01-01T00:00:00Z"), limit: 100 };
const EXPIRE = "SELECT expired FROM expire_payloads('2100-01-01', 100, 1000000, 0, 1)";

test("while one process pauses after a step of the expiry, no other takes one", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [store, other] = [await openConsumer(), await openConsumer()];
  await verdictsOf(store, [eventText(), eventText()]);
  await untilScannable(store);

  const first = await store.expirePayloads({ ...ALL, limit: 1, pauses: 1_000_000 });

  expect(first).toEqual({ expired: 1, isAtEnd: false });
  for (const each of [store, other]) {
    expect(await each.expirePayloads(ALL)).toEqual({ expired: 0, isAtEnd: false, isBusyElsewhere: true });
  }

  await beside.query("UPDATE payload_expiry SET next_step_at = now()"); // the pause is over
  expect(await other.expirePayloads(ALL)).toEqual({ expired: 1, isAtEnd: false });
});

test("the expiry does not wait for a row while it holds another, so it cannot deadlock with a batch", async () => {
  const { beside, openConsumer, url } = await prepareStores();
  const store = await openConsumer();
  const payload = `{"text":"${randomBytes(10_000).toString("hex")}"}`; // so long that a batch measures and locks it before it lists conflicts
  await verdictsOf(store, [eventText({ topic: "t", id: "a" }), eventText({ topic: "t", id: "b", payload })]);
  await untilScannable(store);
  const expiring = new pg.Client({ connectionString: url });
  await expiring.connect();
  onTestFinished(() => expiring.end());
  await expiring.query("SET deadlock_timeout = '10ms'"); // the server ends this transaction, not the batch, which is retried

  await beside.query("BEGIN; SELECT FROM events WHERE event_id = 'a' FOR NO KEY UPDATE");
  const expired = expiring.query(EXPIRE);
  await waitForLocks(beside, 1);
  const applying = verdictsOf(store, [
    eventText({ topic: "t", id: "a", source: "another" }),
    eventText({ topic: "t", id: "b", payload: `{"text":"${randomBytes(10_000).toString("hex")}"}` }),
  ]);
  await waitForLocks(beside, 2);
  await beside.query("COMMIT");

  expect((await expired).rows).toEqual([{ expired: "1" }]);
  expect(await applying).toEqual(["cc"]);
  await untilScannable(store);
  expect(await store.expirePayloads(ALL)).toEqual({ expired: 1, isAtEnd: false });
});
