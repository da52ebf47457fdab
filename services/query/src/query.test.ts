import { SAFE } from "@tidemark/domain/durability";
import { expect, onTestFinished, test, vi } from "vitest";
import { EMPTY_LOG, openQueryFixture } from "./query-fixture.ts";

test("GET /stats answers the books of the applied events", async () => {
  const { server, storeEvents } = await openQueryFixture(onTestFinished);
  await storeEvents(["1", "1", "2"].map((event_id) => ({ topic: "a", event_id })));
  await storeEvents([{ topic: "b", event_id: "1" }]);
  const answer = await server.inject("/stats");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({
    received: 4,
    unique_processed: 3,
    duplicate_dropped: 1,
    dead_lettered: 0,
    queue_size: 0,
    topics: ["a", "b"],
    by_topic: [
      { topic: "a", received: 3, unique_processed: 2, duplicate_dropped: 1 },
      { topic: "b", received: 1, unique_processed: 1, duplicate_dropped: 0 },
    ],
    topics_total: 2,
    by_source: [{ source: "auth-service", duplicate_dropped: 1, conflicts: 0 }],
    sources_total: 1,
    drift: 0,
    confirmed: 0,
    unconfirmed: 0,
    last_audit: null,
    last_restore: null,
  });
});

test("GET /stats of a topic selects its books, and the sums stay those of all topics", async () => {
  const { server, storeEvents } = await openQueryFixture(onTestFinished);
  await storeEvents(["a", "b"].map((topic) => ({ topic, event_id: "1" })));
  expect((await server.inject("/stats?topic=b")).json()).toMatchObject({
    received: 2,
    topics: ["b"],
    by_topic: [{ topic: "b", received: 1 }],
    topics_total: 2,
  });
});

test("GET /stats of an unknown topic lists no topic", async () => {
  const { server, storeEvents } = await openQueryFixture(onTestFinished);
  await storeEvents([{ topic: "a", event_id: "1" }]);
  expect((await server.inject("/stats?topic=b")).json()).toMatchObject({
    received: 1,
    topics: [],
    by_topic: [],
    topics_total: 1,
  });
});

test("GET /stats shows a drift if a frame left the log and is not in the books", async () => {
  const { server, log } = await openQueryFixture(onTestFinished);
  log.contents = { ...EMPTY_LOG, lastSequence: 1, removed: 1 };
  expect((await server.inject("/stats")).json()).toMatchObject({ received: 0, queue_size: 0, drift: 1 });
});

test("GET /stats counts the events that wait in the log", async () => {
  const { server, storeEvents, log } = await openQueryFixture(onTestFinished);
  await storeEvents([{ event_id: "1" }]);
  log.contents = { ...EMPTY_LOG, events: 5, frames: 2, lastSequence: 2, oldestAtMs: Date.now() - 60_000 };
  const stats = (await server.inject("/stats")).json();
  expect(stats).toMatchObject({ received: 6, queue_size: 5 });
  expect(stats.oldest_queued_seconds).toBeGreaterThanOrEqual(60);
});

test("GET /stats without the log says that the log is missing", async () => {
  const { server, log } = await openQueryFixture(onTestFinished);
  log.contents = undefined;
  const answer = await server.inject("/stats");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ received: 0, queue_size: null, incomplete: ["log"] });
});

test("GET /stats refuses unknown parameters", async () => {
  const { server } = await openQueryFixture(onTestFinished);
  const answer = await server.inject("/stats?topics=a");
  expect(answer.statusCode).toBe(400);
  expect(answer.json().detail).toContain("topics");
});

test("GET /stats without the store answers 503", async () => {
  const { server, store } = await openQueryFixture(onTestFinished);
  await store.close();
  for (const url of ["/stats", "/events", "/events/a/b", "/readyz"]) {
    const answer = await server.inject(url);
    expect(answer.statusCode, url).toBe(503);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.headers["retry-after"]).toBeDefined();
  }
  expect((await server.inject("/livez")).statusCode).toBe(200);
});

test("GET /health is healthy while store and log answer and a consumer and a gateway send heartbeats", async () => {
  const { server, hear, hearGateway } = await openQueryFixture(onTestFinished);
  hear({ durability: SAFE });
  hearGateway();
  const answer = await server.inject("/health");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    status: "healthy",
    consumer_running: true,
    gateway_running: true,
    queue_size: 0,
    log_bytes: 0,
    log_max_bytes: 1_000_000,
    disks: [{ volume: "store", free_bytes: expect.any(Number), size_bytes: expect.any(Number) }],
    missing: [],
    durability: { status: "safe", findings: [] },
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test("GET /health is healthy with unsafe settings, and names them", async () => {
  const { server, hear, hearGateway, log } = await openQueryFixture(onTestFinished);
  hearGateway();
  const store = { part: "store" as const, detail: "a setting of the store" };
  log.durability = { status: "unknown", findings: [{ part: "log", detail: "a setting of the log" }] };
  hear({ durability: { status: "unsafe", findings: [store] } });
  const answer = await server.inject("/health");
  expect(answer.statusCode).toBe(200);
  expect(answer.json().durability).toEqual({ status: "unsafe", findings: [...log.durability.findings, store] });
});

test("GET /health is unhealthy without a consumer", async () => {
  const { server, hearGateway } = await openQueryFixture(onTestFinished);
  hearGateway();
  const answer = await server.inject("/health");
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({
    status: "unhealthy",
    consumer_running: false,
    queue_size: 0,
    reasons: ["no consumer sent a heartbeat within 5 seconds"],
  });
});

test("GET /health is unhealthy without a gateway, and once its last one has ended", async () => {
  const { server, hear, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  const unheard = await server.inject("/health");
  expect(unheard.statusCode).toBe(503);
  expect(unheard.json()).toMatchObject({
    consumer_running: true,
    gateway_running: false,
    reasons: ["no gateway sent a heartbeat within 5 seconds"],
  });
  hearGateway();
  expect((await server.inject("/health")).statusCode).toBe(200);
  hearGateway({ beat: 2, hasEnded: true });
  expect((await server.inject("/health")).statusCode).toBe(503);
});

test("GET /health is unhealthy while confirmed events are missing, and /stats says how many", async () => {
  const { server, hear, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  hearGateway({ confirmedEvents: 3 });
  expect((await server.inject("/stats")).json()).toMatchObject({ confirmed: 3, unconfirmed: -3, drift: 0 });
  const health = await server.inject("/health");
  expect(health.statusCode).toBe(503);
  expect(health.json().reasons).toEqual([
    "3 events that the log has confirmed are neither in the log nor in the books",
  ]);
});

test("GET /health is unhealthy if no consumer reaches the store", async () => {
  const { server, hear, hearGateway } = await openQueryFixture(onTestFinished);
  hearGateway();
  hear({ isStoreUp: false });
  expect((await server.inject("/health")).json()).toMatchObject({
    consumer_running: true,
    reasons: ["no consumer reaches the store"],
  });
});

test("GET /health is unhealthy once the oldest queued event has waited for longer than a commit takes", async () => {
  const { server, hear, log, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  hearGateway({});
  const queued = { ...EMPTY_LOG, events: 5, frames: 2, lastSequence: 2 };
  log.contents = { ...queued, oldestAtMs: Date.now() };
  expect((await server.inject("/health")).statusCode).toBe(200);
  log.contents = { ...queued, oldestAtMs: Date.now() - 60_000 };

  const answer = await server.inject("/health");

  expect(answer.statusCode).toBe(503);
  expect(answer.json().reasons).toEqual([expect.stringMatching(/^the oldest queued event has waited 6\d s$/)]);
});

test("GET /health is unhealthy with a damaged store, and shows the store's description of the damage", async () => {
  const { server, hear, damage, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  hearGateway({});
  damage.description = "the database file is damaged: restore a backup";

  const answer = await server.inject("/health");

  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ status: "unhealthy", reasons: [damage.description] });
});

test("GET /health reads only the totals from the store", async () => {
  const { server, hear, store, storeEvents, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  hearGateway({});
  await storeEvents([{ event_id: "1" }]);
  const readBooks = vi.spyOn(store, "readBooks");

  await server.inject("/health");

  expect(readBooks).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ maxTopics: 0 }));
  const books = await readBooks.mock.results[0]?.value;
  expect(books).toMatchObject({ stored: 1, topicsTotal: 1, byTopic: [], bySource: [] });
});

test("GET /health is unhealthy without the log, and without the store", async () => {
  const { server, store, log, hear, hearGateway } = await openQueryFixture(onTestFinished);
  hear({});
  hearGateway();
  log.contents = undefined;
  const withoutLog = await server.inject("/health");
  expect(withoutLog.statusCode).toBe(503);
  expect(withoutLog.json()).toMatchObject({
    queue_size: null,
    log_bytes: null,
    reasons: ["the log does not answer"],
  });
  await store.close();
  const withoutStore = await server.inject("/health");
  expect(withoutStore.statusCode).toBe(503);
  expect(withoutStore.json()).toMatchObject({ status: "unhealthy", queue_size: null });
});

test.each(["/whoami", "/receipts/AAAA", "/events/t/a", "/openapi.json"])(
  "a path without parameters refuses one in the query, and a probe does not: %s",
  async (path) => {
    const { server } = await openQueryFixture(onTestFinished);
    const refused = await server.inject(`${path}?api_key=x`);
    expect([refused.statusCode, refused.json().code]).toEqual([400, "invalid_parameter"]);
    const probes = [await server.inject("/health?x=1"), await server.inject("/health")];
    expect(probes[0]?.statusCode).toBe(probes[1]?.statusCode);
  },
);
