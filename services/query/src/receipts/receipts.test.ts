import { randomUUID } from "node:crypto";
import { encodeReceipt, type Receipt } from "@tidemark/domain/receipt";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { EMPTY_LOG, openQueryFixture } from "../query-fixture.ts";

const { server, log, storeEvents } = await openQueryFixture(afterAll);

const DAY_MS = 24 * 60 * 60 * 1_000;

function receiptUrl(receipt: Partial<Receipt>): string {
  const full = { frameId: randomUUID(), firstEvent: 0, count: 1, receivedAtMs: Date.now(), ...receipt };
  return `/receipts/${encodeReceipt(full)}`;
}

test("tells the verdicts of the request's own part of a frame", async () => {
  const frameId = await storeEvents(["a", "a", "b", "b", "c"].map((event_id) => ({ event_id })));
  const answer = await server.inject(receiptUrl({ frameId, firstEvent: 2, count: 3 }));
  expect(answer.json()).toEqual({
    received: 3,
    accepted: 2,
    duplicates: 1,
    pending: 0,
    message: "Received 3 events, accepted 2, dropped 1 duplicate",
  });
});

test("says that a request is pending while its frame is not applied", async () => {
  const answer = await server.inject(receiptUrl({ count: 3 }));
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ received: 3, accepted: 0, duplicates: 0, pending: 3 });
  expect(answer.headers["preference-applied"]).toBeUndefined();
});

test("waits, where it is preferred, until the request is judged", async () => {
  const frameId = randomUUID();
  const asked = server.inject({ url: receiptUrl({ frameId }), headers: { prefer: "wait=30" } });
  await storeEvents([{ event_id: "awaited" }], frameId);
  const answer = await asked;
  expect(answer.json()).toMatchObject({ accepted: 1, pending: 0 });
  expect(answer.headers["preference-applied"]).toBe("wait=30");
});

test("waits for sixty seconds at most, and says so", async () => {
  const frameId = await storeEvents([{ event_id: randomUUID() }]);
  const answer = await server.inject({ url: receiptUrl({ frameId }), headers: { prefer: "wait=3600" } });
  expect(answer.headers["preference-applied"]).toBe("wait=60");
});

test("answers those who wait when the service stops", async () => {
  const { server } = await openQueryFixture(onTestFinished);
  const asked = server.inject({ url: receiptUrl({}), headers: { prefer: "wait=60" } });
  await server.inject("/livez");
  await server.close();
  expect((await asked).json()).toMatchObject({ pending: 1 });
});

test.each(["nonsense", "%20", "AAAA"])("does not know what was never a receipt: %s", async (id) => {
  const answer = await server.inject(`/receipts/${id}`);
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ code: "not_found" });
});

test("does not know a receipt that goes beyond its frame", async () => {
  const frameId = await storeEvents([{ event_id: randomUUID() }]);
  expect((await server.inject(receiptUrl({ frameId, firstEvent: 1 }))).statusCode).toBe(404);
});

test("says that a receipt of more than a day ago is too old", async () => {
  const answer = await server.inject(receiptUrl({ receivedAtMs: Date.now() - 2 * DAY_MS }));
  expect(answer.statusCode).toBe(404);
  expect(answer.json().detail).toContain("older than 24 hours");
});

test("keeps an old request pending while the log reaches back to it", async () => {
  const receivedAtMs = Date.now() - 2 * DAY_MS;
  log.contents = { ...EMPTY_LOG, events: 1, frames: 1, lastSequence: 1, oldestAtMs: receivedAtMs };
  onTestFinished(() => {
    log.contents = EMPTY_LOG;
  });
  expect((await server.inject(receiptUrl({ receivedAtMs }))).json()).toMatchObject({ pending: 1 });
});
