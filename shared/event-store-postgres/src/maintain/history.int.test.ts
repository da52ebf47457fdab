import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { sumsOf } from "@tidemark/event-store/contract/history/read-history";
import { MINUTE_MS } from "@tidemark/event-store/history";
import { expect, test } from "vitest";
import { prepareStores } from "../fixture/postgres-event-stores.ts";

async function prepareCounted() {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const applyOne = () => verdictsOf(store, [eventText({ topic: "t" })]);
  await applyOne();
  return { beside, store, applyOne };
}

test("the first transaction of a minute writes the rows of the one that ends, and the sums stay the same", async () => {
  const { beside, store, applyOne } = await prepareCounted();
  await applyOne();
  await beside.query("UPDATE book_totals SET minute = 7");

  await applyOne();

  expect((await beside.query("SELECT minute, stored FROM history WHERE minute = 7")).rows).toEqual([
    { minute: 7, stored: "2" },
  ]);
  for (const topic of ["t", undefined]) {
    const then = { sinceMs: 7 * MINUTE_MS, untilMs: 8 * MINUTE_MS, stepMinutes: 1, ...(topic && { topic }) };
    expect(await sumsOf(store, then)).toMatchObject({ stored: 2 });
    expect(await sumsOf(store, topic === undefined ? {} : { topic })).toMatchObject({ stored: 1 });
  }
});

test("a minute that comes again, because the clock was set back, has the events of both times", async () => {
  const { beside, store, applyOne } = await prepareCounted();
  for (const minute of [7, 8, 7]) {
    await beside.query("UPDATE book_totals SET minute = $1", [minute]);
    await applyOne();
  }

  for (const limits of [{}, { topic: "t" }]) {
    const then = { sinceMs: 7 * MINUTE_MS, untilMs: 8 * MINUTE_MS, stepMinutes: 1, ...limits };
    expect(await sumsOf(store, then)).toMatchObject({ stored: 2 });
  }
});

test("pruning forgets the open minute of a slot that no connection uses, and the slot counts on", async () => {
  const { beside, store, applyOne } = await prepareCounted();
  await beside.query("UPDATE book_totals SET minute = 7");

  await store.pruneHistory({ beforeMs: 8 * MINUTE_MS, limit: 10 });

  expect(await store.readHistory({ sinceMs: 0, untilMs: 9 * MINUTE_MS, stepMinutes: 9 })).toMatchObject({
    steps: [{ stored: 0 }],
  });
  await applyOne();
  for (const limits of [{}, { topic: "t" }]) expect(await sumsOf(store, limits)).toMatchObject({ stored: 1 });
});
