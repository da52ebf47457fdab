import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import type { EventStore } from "@tidemark/event-store/event-store";
import { expect, test } from "vitest";
import { prepareStores, waitForLocks } from "../fixture/postgres-event-stores.ts";

const list = (length: number, value: number) => `{"list":[${Array.from({ length }, () => value).join(",")}]}`;

const event = (content: { payload?: string; attributes?: string }) => eventText({ topic: "t", id: "a", ...content });

const SIZES = "SELECT payload_size, payload_value, attributes_size, attributes_value FROM events";
const NONE = { payload_size: null, payload_value: null, attributes_size: null, attributes_value: null };

test.each([
  ["a payload of 20 KB", { payload: list(10_000, 1) }, { payload: list(10_000, 2) }, "payload_size"],
  ["attributes of 20 KB", { attributes: list(10_000, 1) }, { attributes: list(10_000, 2) }, "attributes_size"],
])("the size of %s is measured once, when the first duplicate differs", async (_name, first, second, column) => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [event(first), event(first)]);
  expect((await beside.query(SIZES)).rows).toEqual([NONE]);

  const frames = Array.from({ length: 3 }, () => [event(second), event(first)]);
  const verdicts = await verdictsOf(store, ...frames);

  expect(verdicts).toEqual(["cd", "cd", "cd"]);
  expect((await beside.query(SIZES)).rows).toEqual([{ ...NONE, [column]: expect.any(Number) }]);
  const { rows } = await beside.query("SELECT xmin FROM events");
  expect(await verdictsOf(store, [event(second), event(first)])).toEqual(["cd"]);
  expect((await beside.query("SELECT xmin FROM events")).rows).toEqual(rows);
});

test("two consumers measure the same events in the order of their keys, and so never deadlock", async () => {
  const { beside, openConsumer } = await prepareStores();
  const stores = [await openConsumer(), await openConsumer()];
  const eventsOf = (ids: string[], value: number) =>
    ids.map((id) => eventText({ topic: "t", id, payload: list(10_000, value) }));
  await verdictsOf(stores[0] as EventStore, eventsOf(["a", "b"], 1));

  await beside.query("BEGIN");
  await beside.query("SELECT FROM events WHERE event_id = 'a' FOR UPDATE");
  const applying = Promise.all(stores.map((store) => verdictsOf(store, eventsOf(["b", "a"], 2))));
  await waitForLocks(beside, 2);
  const { rowCount } = await beside.query("SELECT FROM events WHERE event_id = 'b' FOR UPDATE SKIP LOCKED");
  await beside.query("ROLLBACK");

  expect(rowCount).toBe(1);
  expect(await applying).toEqual([["cc"], ["cc"]]);
});

test.each([
  ["of 100 KB is measured", list(50_000, 1), { payload_size: expect.any(Number), payload_value: null }],
  [
    "that is mostly white space is kept as a value as well",
    `{"a":1${" ".repeat(100_000)}}`,
    { payload_size: 28, payload_value: { a: 1 } },
  ],
  ["of 3 KB is not measured", list(1_500, 1), { payload_size: null, payload_value: null }],
])("a payload %s when it is stored", async (_name, payload, expected) => {
  const { beside, openConsumer } = await prepareStores();

  await verdictsOf(await openConsumer(), [event({ payload })]);

  expect((await beside.query(SIZES)).rows).toMatchObject([expected]);
});

test("a payload that has expired is not compared, however large the stored event was", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [event({ payload: list(50_000, 1), attributes: list(50_000, 1) })]);
  await beside.query("UPDATE events SET payload = NULL, payload_expired_at = now()");

  const same = event({ payload: list(50_000, 3), attributes: list(50_000, 1) });
  const other = event({ payload: list(50_000, 3), attributes: list(50_000, 2) });

  expect(await verdictsOf(store, [same, other])).toEqual(["dc"]);
});
