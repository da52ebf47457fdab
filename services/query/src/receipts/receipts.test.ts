import { createHash, randomUUID } from "node:crypto";
import { encodeReceipt, type Receipt, receiptOwner } from "@tidemark/domain/receipt";
import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { EMPTY_LOG, FIXTURE_SIGNER, openQueryFixture } from "../query-fixture.ts";

const { server, log, storeEvents } = await openQueryFixture(afterAll);

const DAY_MS = 24 * 60 * 60 * 1_000;

function receiptUrl(receipt: Partial<Receipt>): string {
  const full = {
    frameId: randomUUID(),
    firstEvent: 0,
    count: 1,
    receivedAtMs: Date.now(),
    owner: receiptOwner(undefined),
    ...receipt,
  };
  return `/receipts/${encodeReceipt(full, FIXTURE_SIGNER)}`;
}

test("a receipt answers the verdicts of its request's part of a frame", async () => {
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

test("a receipt is pending while its frame is not applied", async () => {
  const answer = await server.inject(receiptUrl({ count: 3 }));
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ received: 3, accepted: 0, duplicates: 0, pending: 3 });
  expect(answer.headers["preference-applied"]).toBeUndefined();
});

test("a receipt with Prefer: wait is answered once the verdicts are known", async () => {
  const frameId = randomUUID();
  const asked = server.inject({ url: receiptUrl({ frameId }), headers: { prefer: "wait=30" } });
  await storeEvents([{ event_id: "awaited" }], frameId);
  const answer = await asked;
  expect(answer.json()).toMatchObject({ accepted: 1, pending: 0 });
  expect(answer.headers["preference-applied"]).toBe("wait=30");
});

test("a receipt waits for at most sixty seconds, and says so", async () => {
  const frameId = await storeEvents([{ event_id: randomUUID() }]);
  const answer = await server.inject({ url: receiptUrl({ frameId }), headers: { prefer: "wait=3600" } });
  expect(answer.headers["preference-applied"]).toBe("wait=60");
});

test("waiting receipts are answered when the service stops", async () => {
  const { server } = await openQueryFixture(onTestFinished);
  const asked = server.inject({ url: receiptUrl({}), headers: { prefer: "wait=60" } });
  await server.inject("/livez");
  await server.close();
  expect((await asked).json()).toMatchObject({ pending: 1 });
});

test.each(["nonsense", "%20", "AAAA"])("a text that is not a receipt answers 404: %s", async (id) => {
  const answer = await server.inject(`/receipts/${id}`);
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ code: "not_found" });
});

test("a receipt of more events than its frame has answers 404", async () => {
  const frameId = await storeEvents([{ event_id: randomUUID() }]);
  expect((await server.inject(receiptUrl({ frameId, firstEvent: 1 }))).statusCode).toBe(404);
});

test("a receipt older than a day answers 404 with the reason", async () => {
  const answer = await server.inject(receiptUrl({ receivedAtMs: Date.now() - 2 * DAY_MS }));
  expect(answer.statusCode).toBe(404);
  expect(answer.json().detail).toContain("older than 24 hours");
});

test("an old receipt is pending while the log still holds frames of its time", async () => {
  const receivedAtMs = Date.now() - 2 * DAY_MS;
  log.contents = { ...EMPTY_LOG, events: 1, frames: 1, lastSequence: 1, oldestAtMs: receivedAtMs };
  onTestFinished(() => {
    log.contents = EMPTY_LOG;
  });
  expect((await server.inject(receiptUrl({ receivedAtMs }))).json()).toMatchObject({ pending: 1 });
});

test("an old receipt answers the verdicts of a frame that is applied and leaves the log while the receipt is read", async () => {
  const { server, log, storeEvents } = await openQueryFixture(onTestFinished);
  const frameId = randomUUID();
  let stored: Promise<unknown> | undefined;
  Object.defineProperty(log, "contents", {
    get() {
      stored ??= storeEvents([{ event_id: "late" }], frameId);
      return stored.then(() => EMPTY_LOG);
    },
  });
  const answer = await server.inject(receiptUrl({ frameId, receivedAtMs: Date.now() - 2 * DAY_MS }));
  expect(answer.json()).toMatchObject({ accepted: 1, pending: 0 });
});

test("on a server with keys, only its own key and an admin of all topics can read a receipt, and other keys get 404", async () => {
  const names = ["shop", "other", "operator", "admin of some topics"];
  const scopes: Record<string, KeyEntry["scopes"]> = { operator: ["admin"], "admin of some topics": ["read", "admin"] };
  const keys = names.map((name) => ({
    name,
    sha256: createHash("sha256").update(name).digest("hex"),
    scopes: scopes[name] ?? ["read", "publish"],
    ...(name === "admin of some topics" && { topics: ["orders."] }),
  }));
  const { server, storeEvents } = await openQueryFixture(onTestFinished, { keys });
  const frameId = await storeEvents([{ event_id: "owned" }]);
  const ask = (url: string, key: string) => server.inject({ url, headers: { "x-api-key": key } });

  for (const owned of [
    receiptUrl({ frameId, owner: receiptOwner("shop") }),
    receiptUrl({ owner: receiptOwner("shop") }), // still pending
  ]) {
    const answers = await Promise.all(names.map((name) => ask(owned, name)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 404, 200, 404]);
    const unknown = await ask("/receipts/AAAA", "other");
    expect(answers[1]?.json()).toEqual(unknown.json());
  }
  // This receipt was issued before the service had keys, so it has no owner.
  expect((await ask(receiptUrl({ frameId }), "shop")).statusCode).toBe(404);
});
