import { createHash } from "node:crypto";
import type { SubscriptionStore } from "@tidemark/event-store/subscriptions";
import { expect, onTestFinished, test, vi } from "vitest";
import { openQueryFixture, type QueryFixture } from "../query-fixture.ts";

vi.setConfig({ testTimeout: 30_000 });

type Answer = { status: number; headers: Record<string, unknown>; text: string; body: Record<string, unknown> };

interface Asked {
  method?: "GET" | "PUT" | "POST" | "DELETE";
  body?: object | string;
  headers?: Record<string, string>;
}

/** Opens the routes, and a function that asks them. */
async function openSubscriptions(options: Parameters<typeof openQueryFixture>[1] = {}) {
  const fixture = await openQueryFixture(onTestFinished, options);
  return { ...fixture, ask: (path: string, asked: Asked = {}) => ask(fixture, path, asked) };
}

async function ask({ server }: QueryFixture, path: string, { method = "GET", body, headers }: Asked): Promise<Answer> {
  const answer = await server.inject({
    method,
    url: `/subscriptions${path}`,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { payload: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const isJson = /^application.(problem\+)?json;/.test(String(answer.headers["content-type"]));
  const json = isJson ? answer.json() : {};
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: json };
}

const BEGINNING = { from: "beginning" };

const idsOf = ({ body }: Answer) => (body.events as { event_id: string }[]).map(({ event_id }) => event_id);

test("a page is answered again until it is acknowledged, and then comes the next one", async () => {
  const { ask, storeEvents } = await openSubscriptions();
  await storeEvents([{ event_id: "1" }, { event_id: "2" }, { event_id: "3" }]);
  expect(await ask("/billing", { method: "PUT", body: BEGINNING })).toMatchObject({
    status: 201,
    body: { lag_events: 3 },
  });

  const page = await ask("/billing/events?limit=2");
  expect(page).toMatchObject({ status: 200, body: { count: 2 } });
  expect(idsOf(page)).toEqual(["1", "2"]);
  expect(idsOf(await ask("/billing/events"))).toEqual(["1", "2", "3"]);

  for (let time = 0; time < 2; time++) {
    const acknowledged = await ask("/billing/ack", { method: "POST", body: { cursor: page.body.cursor } });
    expect(acknowledged).toMatchObject({ status: 204, text: "" });
  }
  expect(idsOf(await ask("/billing/events"))).toEqual(["3"]);
  expect((await ask("/billing")).body).toMatchObject({ acknowledged: 2, lag_events: 1, lag_exact: true });
});

test("a worker that comes second is answered 409, with the position, and nothing moves", async () => {
  const { ask, storeEvents, server } = await openSubscriptions();
  await storeEvents([{ event_id: "1" }, { event_id: "2" }]);
  await ask("/billing", { method: "PUT", body: BEGINNING });
  const [first, second] = [await ask("/billing/events?limit=1"), await ask("/billing/events?limit=1")];
  await ask("/billing/ack", { method: "POST", body: { cursor: first.body.cursor } });

  const refused = await ask("/billing/ack", { method: "POST", body: { cursor: second.body.cursor } });

  expect(refused).toMatchObject({ status: 409, body: { code: "subscription_moved", current: { acknowledged: 1 } } });
  const { position } = refused.body.current as { position: string };
  const behind = await server.inject(`/events?order=asc&cursor=${position}`);
  expect(behind.json().events).toMatchObject([{ event_id: "2" }]);
  expect(idsOf(await ask("/billing/events"))).toEqual(["2"]);
});

test("a long poll is answered by the next event of its topics, and passes the others", async () => {
  const { ask, storeEvents, store } = await openSubscriptions();
  await ask("/billing", { method: "PUT", body: { topic_prefix: "orders.", from: "now" } });
  const reads = vi.spyOn(store, "listEvents");
  const waiting = ask("/billing/events", { headers: { prefer: "wait=50" } });
  await vi.waitFor(() => expect(reads).toHaveBeenCalled());
  await storeEvents([{ topic: "invoices", event_id: "1" }]);
  await storeEvents([{ topic: "orders.a", event_id: "2" }]);

  const page = await waiting;

  expect(idsOf(page)).toEqual(["2"]);
  expect(page.headers["preference-applied"]).toBe("wait=50");
  await ask("/billing/ack", { method: "POST", body: { cursor: page.body.cursor } });
  expect((await ask("/billing")).body).toMatchObject({ acknowledged: 1, lag_events: 0, lag_seconds: 0 });
});

test("a long poll without an event ends in time, or when the service stops, with a cursor that can be acknowledged", async () => {
  const { ask, server, store } = await openSubscriptions();
  await ask("/billing", { method: "PUT", body: BEGINNING });
  const short = await ask("/billing/events", { headers: { prefer: "wait=0" } });
  expect(short).toMatchObject({ status: 200, body: { count: 0, events: [] } });
  expect(await ask("/billing/ack", { method: "POST", body: { cursor: short.body.cursor } })).toMatchObject({
    status: 204,
  });

  const reads = vi.spyOn(store, "listEvents");
  const waiting = ask("/billing/events", { headers: { prefer: "wait=50" } });
  await vi.waitFor(() => expect(reads).toHaveBeenCalled());
  await server.close();

  expect(await waiting).toMatchObject({ status: 200, body: { count: 0 } });
  expect((await waiting).headers).not.toHaveProperty("preference-applied");
});

test("a page comes one event a line, and its last line has the cursor", async () => {
  const { ask, storeEvents } = await openSubscriptions();
  await storeEvents([
    '{"topic":"t","event_id":"1","timestamp":"2025-10-23T10:00:00Z","source":"s","payload":{"n":1.0,\n"m":2}}',
  ]);
  await ask("/billing", { method: "PUT", body: BEGINNING });

  const { text, headers } = await ask("/billing/events", { headers: { accept: "application/x-ndjson" } });

  expect(headers["content-type"]).toBe("application/x-ndjson; charset=utf-8");
  const [event = "", end = "", rest] = text.split("\n");
  expect(event).toContain('"payload":{"n":1.0, "m":2}');
  expect(JSON.parse(end)).toEqual({ count: 1, cursor: expect.any(String) });
  expect(rest).toBe("");
});

test("concurrent requests for one subscription share a count of its lag", async () => {
  const { ask, store } = await openSubscriptions();
  await ask("/billing", { method: "PUT", body: BEGINNING });
  const counts = vi.spyOn(store as unknown as Pick<SubscriptionStore, "readLag">, "readLag");
  await Promise.all(Array.from({ length: 50 }, () => ask("/billing")));
  expect(counts.mock.calls.length).toBeLessThan(10);
});

test("PUT finds a subscription of the same topics where it stands, and refuses one of others", async () => {
  const { ask, storeEvents } = await openSubscriptions();
  await ask("/billing", { method: "PUT", body: { topic: "orders", from: "now" } });
  await storeEvents([{ topic: "orders", event_id: "1" }]);

  const again = await ask("/billing", { method: "PUT", body: { topic: "orders", from: "now" } });

  expect(again).toMatchObject({ status: 200, body: { topic: "orders", topic_prefix: null, lag_events: 1 } });
  for (const body of [BEGINNING, { topic_prefix: "orders", from: "now" }, { topic: "other", from: "now" }]) {
    const refused = await ask("/billing", { method: "PUT", body });
    expect(refused).toMatchObject({ status: 409, body: { code: "subscription_differs" } });
  }
});

test.each([
  [{}, "/from"],
  [{ from: "yesterday" }, "/from"],
  [{ from: 7 }, "/from"],
  [{ from: "now", topic: "" }, "/topic"],
  [{ from: "now", topic: "\ud800" }, "/topic"],
  [{ from: "now", topic_prefix: "a\u0000" }, "/topic_prefix"],
  [{ from: "now", topic: "a", topic_prefix: "a" }, "/topic_prefix"],
  [{ from: "now", "to/pic": "a" }, "/to~1pic"],
  [[], ""],
])("a body that breaks a rule is refused with a pointer: %j", async (body, pointer) => {
  const { ask } = await openSubscriptions();
  const refused = await ask("/billing", { method: "PUT", body });
  expect(refused).toMatchObject({ status: 422, body: { code: "invalid_body", errors: [{ pointer }] } });
  expect((await ask("")).body).toMatchObject({ count: 0 });
});

test.each([
  ["no JSON", 400, "malformed_json", "{", "application/json"],
  ["none", 400, "malformed_json", "", "application/json"],
  ["another type", 415, "unsupported_media_type", "{}", "text/plain"],
  ["too large", 413, "body_too_large", `{"from":"${"x".repeat(20_000)}"}`, "application/json"],
])("a body that cannot be read is refused: %s", async (_name, status, code, body, type) => {
  const { ask } = await openSubscriptions();
  const refused = await ask("/billing", { method: "PUT", body, headers: { "content-type": type } });
  expect(refused).toMatchObject({ status, body: { code } });
});

test("a cursor of another subscription or of a list is refused", async () => {
  const { ask, storeEvents, server } = await openSubscriptions();
  await storeEvents([{ event_id: "1" }]);
  for (const name of ["a", "b"]) await ask(`/${name}`, { method: "PUT", body: BEGINNING });
  const listed = (await server.inject("/events?order=asc")).json().next_cursor;
  const { cursor } = (await ask("/b/events")).body;

  for (const foreign of [listed, cursor, `${cursor}x`, ""]) {
    const refused = await ask("/a/ack", { method: "POST", body: { cursor: foreign } });
    expect(refused).toMatchObject({ status: 400, body: { code: "invalid_cursor" } });
  }
});

test("a name is any text, and one that nothing has is 404 for every method", async () => {
  const { ask } = await openSubscriptions();
  const name = `/${encodeURIComponent("a/b *\u{1F600}?")}`;
  const missing = [
    ["GET", name],
    ["GET", `${name}/events`],
    ["DELETE", name],
  ] as const;
  for (const [method, path] of missing) expect(await ask(path, { method })).toMatchObject({ status: 404 });
  expect(await ask(`${name}/ack`, { method: "POST", body: { cursor: "x" } })).toMatchObject({ status: 404 });

  await ask(name, { method: "PUT", body: BEGINNING });
  expect((await ask("")).body).toMatchObject({ count: 1, subscriptions: [{ name: "a/b *\u{1F600}?" }] });
  expect(await ask(name, { method: "DELETE" })).toMatchObject({ status: 204 });
  expect((await ask("")).body).toMatchObject({ count: 0 });
});

test("a key uses the subscriptions whose topics it reaches whole, and no others", async () => {
  const key = (name: string, topics?: string[]) => ({
    name,
    sha256: createHash("sha256").update(name).digest("hex"),
    scopes: ["read" as const, "admin" as const],
    ...(topics && { topics }),
  });
  const { ask } = await openSubscriptions({ keys: [key("all"), key("some", ["orders."])] });
  const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
  const selections = { all: {}, wide: { topic_prefix: "ord" }, other: { topic: "invoices" } };
  for (const [name, selection] of Object.entries(selections)) {
    const body = { ...selection, from: "now" };
    const refused = await ask(`/${name}`, { method: "PUT", body, ...as("some") });
    expect(refused).toMatchObject({ status: 403, body: { code: "topic_forbidden" } });
    expect(await ask(`/${name}`, { method: "PUT", body, ...as("all") })).toMatchObject({ status: 201 });
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/events"],
      ["DELETE", ""],
    ] as const) {
      expect(await ask(`/${name}${path}`, { method, ...as("some") })).toMatchObject({ status: 403 });
    }
    const ack = await ask(`/${name}/ack`, { method: "POST", body: { cursor: "x" }, ...as("some") });
    expect(ack).toMatchObject({ status: 403 });
  }
  for (const [name, selection] of Object.entries({ one: { topic: "orders.a" }, few: { topic_prefix: "orders.b" } })) {
    const created = await ask(`/${name}`, { method: "PUT", body: { ...selection, from: "now" }, ...as("some") });
    expect(created).toMatchObject({ status: 201 });
    expect(await ask(`/${name}/events`, as("some"))).toMatchObject({ status: 200 });
  }
  const names = async (of: string) =>
    ((await ask("", as(of))).body.subscriptions as { name: string }[]).map(({ name }) => name);
  expect(await names("some")).toEqual(["few", "one"]);
  expect(await names("all")).toEqual(["all", "few", "one", "other", "wide"]);
});
