import { countEvents } from "@tidemark/domain/frame";
import { decodeReceipt } from "@tidemark/domain/receipt";
import type { Delivery } from "@tidemark/event-log/event-log";
import { expect, test } from "vitest";
import { event, openGateway, signer } from "./gateway-fixture.ts";

const ROOM = { maxEvents: 100, maxBytes: 1_000_000 };

test("a publish is answered with the store's verdicts", async () => {
  const gateway = openGateway();
  const answer = gateway.publish({ events: [event("1"), event("2"), event("2"), event("3")] });
  gateway.sendVerdicts(await gateway.nextFrame(), "ssdc");
  const { statusCode, headers, body } = await answer;
  expect(statusCode).toBe(200);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(JSON.parse(body)).toEqual({
    received: 4,
    accepted: 2,
    duplicates: 2,
    conflicts: 1,
    message: "Received 4 events, accepted 2, dropped 2 duplicates (1 conflict)",
  });
});

test("a request of one event that the store refused permanently is answered 422", async () => {
  const gateway = openGateway();
  const prefer = "return=representation, handling=lenient";
  const answers = [gateway.publish(event("1"), { prefer }), gateway.publish([event("2"), {}], { prefer })];
  gateway.sendVerdicts(await gateway.nextFrame(), "xx");
  const [one, several] = await Promise.all(answers);
  expect([one?.statusCode, JSON.parse(one?.body ?? "")]).toEqual([
    422,
    expect.objectContaining({ code: "dead_lettered" }),
  ]);
  expect(one?.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect([several?.statusCode, JSON.parse(several?.body ?? "")]).toEqual([
    200,
    expect.objectContaining({ dead_lettered: 1 }),
  ]);
});

test("a publish may have a slash at the end of its path, and its receipt is where that of others is", async () => {
  const { server } = openGateway({ publishWaitMs: 1 });
  const headers = { "content-type": "application/json" };
  const { statusCode, headers: told } = await server.inject({
    method: "POST",
    url: "/publish/",
    headers,
    payload: JSON.stringify(event("1")),
  });
  expect(statusCode).toBe(202);
  expect(new URL(String(told.location), "http://tidemark/intake/publish/").pathname).toMatch(/^\/intake\/receipts\/\w/);
});

test("each request of a frame is answered with its own verdicts", async () => {
  const gateway = openGateway();
  const answers = [[event("1")], [event("2"), event("3")], [event("4")]].map((body) => gateway.publish(body));
  const delivery = await gateway.nextFrame();
  expect(delivery.frame.requests).toEqual([1, 2, 1]);
  gateway.sendVerdicts(delivery, "sdsd");
  const bodies = (await Promise.all(answers)).map(({ body }) => JSON.parse(body));
  expect(bodies.map(({ accepted, duplicates }) => [accepted, duplicates])).toEqual([
    [1, 0],
    [1, 1],
    [0, 1],
  ]);
});

test("a publish is answered 202 with a receipt when its verdicts do not arrive in time", async () => {
  const gateway = openGateway({ publishWaitMs: 1 });
  const { statusCode, headers, body } = await gateway.publish([event("1"), event("2")]);
  expect(statusCode).toBe(202);
  expect(JSON.parse(body)).toMatchObject({ received: 2, accepted: 0, duplicates: 0, pending: 2 });
  const { frame } = await gateway.nextFrame();
  const id = /^receipts\/(.+)$/.exec(String(headers.location))?.[1] ?? "";
  expect(decodeReceipt(id, signer)).toMatchObject({ frameId: frame.id, firstEvent: 0, count: 2 });
});

test("a publish is answered at once when it requests that, or when the store is known to be down", async () => {
  const gateway = openGateway();
  const asked = await gateway.publish(event("1"), { prefer: "respond-async" });
  expect(asked.statusCode).toBe(202);
  expect(asked.headers["preference-applied"]).toBe("respond-async");
  gateway.signals.sendHeartbeat({ consumerId: "a", isStoreUp: false, lagMs: 0 });
  expect((await gateway.publish(event("2"))).statusCode).toBe(202);
  const waiting = await gateway.publish(event("3"), { prefer: "wait=30" });
  expect([waiting.statusCode, waiting.headers["preference-applied"]]).toEqual([202, undefined]);
});

test("a publish waits for the time that it requests", async () => {
  const gateway = openGateway();
  const { statusCode, headers } = await gateway.publish(event("1"), { prefer: "wait=0" });
  expect([statusCode, headers["preference-applied"]]).toEqual([202, "wait=0"]);
});

test("a request that asked for a long wait is answered before the server stops", async () => {
  const gateway = openGateway();
  const answer = gateway.publish(event("1"), { prefer: "wait=60" });
  const delivery = await gateway.nextFrame();
  const closed = gateway.server.close();
  gateway.sendVerdicts(delivery, "s");
  expect((await answer).statusCode).toBe(200);
  await closed;
});

test("a publish to a log in memory is never answered 202", async () => {
  const gateway = openGateway({ publishWaitMs: 1, onVerdictTimeout: "unknown" });
  const { statusCode, headers, body } = await gateway.publish(event("1"), { prefer: "respond-async, wait=0" });
  expect(statusCode).toBe(503);
  expect(headers["preference-applied"]).toBeUndefined();
  expect(headers["retry-after"]).toMatch(/^[12]$/);
  expect(JSON.parse(body)).toMatchObject({ status: 503, code: "outcome_unknown" });
});

test("a request that does not fit into a full log is refused as a whole", async () => {
  const gateway = openGateway();
  gateway.signals.sendHeartbeat({ consumerId: "a", isStoreUp: true, lagMs: 0 });
  const answers = [gateway.publish(Array(8).fill(event("1"))), gateway.publish(event("2"), { prefer: "wait=0" })];
  await answers[1];
  const refused = await gateway.publish([event("3"), event("4")]);
  expect(refused.statusCode).toBe(503);
  expect(refused.headers["retry-after"]).toMatch(/^[12]$/);
  expect(JSON.parse(refused.body)).toMatchObject({ code: "queue_full" });
  expect(await gateway.log.snapshot()).toMatchObject({ events: 9 });
  const [first, second] = (await gateway.log.take(ROOM)) as Delivery[];
  gateway.sendVerdicts(first as Delivery, first?.frame && countEvents(first.frame) === 9 ? "sdddddddds" : "sddddddd");
  if (second) gateway.sendVerdicts(second, "s");
  expect((await answers[0])?.statusCode).toBe(200);
});
