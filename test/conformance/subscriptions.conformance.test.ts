import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { eventually, expectProblem } from "./expectations.ts";
import { call, getJson, type JsonObject, type Reply, readJson } from "./http-client.ts";
import { makeEvents, publish, uniqueTopic } from "./publishing.ts";
import { RawConnection, requestText } from "./raw-connection.ts";

const json = (method: string, path: string, body: object) =>
  call(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });

/** Creates a subscription, which is deleted when the test ends. Returns its path. */
async function subscribe(body: object): Promise<string> {
  const path = `/subscriptions/${encodeURIComponent(`conformance/${randomUUID()} *`)}`;
  const reply = await json("PUT", path, body);
  expect(reply.status, reply.text).toBe(201);
  onTestFinished(async () => void (await call(path, { method: "DELETE" })));
  return path;
}

const acknowledge = (path: string, { cursor }: JsonObject) => json("POST", `${path}/ack`, { cursor });

const idsOf = (page: JsonObject) => (page.events as { event_id: string }[]).map(({ event_id }) => event_id);

/** Waits for the next page with events, and acknowledges those without. */
async function nextPage(path: string, { limit = 100, headers = { prefer: "wait=30" } } = {}): Promise<Reply> {
  return eventually(
    `events of ${path}`,
    async () => {
      const reply = await call(`${path}/events?limit=${limit}`, { headers });
      expect(reply.status, reply.text).toBe(200);
      const page = JSON.parse(reply.text.trimEnd().split("\n").at(-1) ?? "") as JsonObject;
      if (page.count === 0) await acknowledge(path, page);
      return { reply, page };
    },
    ({ page }) => page.count !== 0,
  ).then(({ reply }) => reply);
}

test("a subscription has each event of its topic once, in order, page after page", async () => {
  const topic = uniqueTopic();
  const events = makeEvents(topic, 7);
  await publish(events.slice(0, 3));
  const path = await subscribe({ topic, from: "beginning" });
  await publish([...events.slice(3), ...events, ...makeEvents(uniqueTopic(), 3)]);

  const seen: string[] = [];
  while (seen.length < events.length) {
    const page = readJson(await nextPage(path, { limit: 2 }));
    seen.push(...idsOf(page));
    expect((await acknowledge(path, page)).status).toBe(204);
  }

  expect(seen.toSorted()).toEqual(["e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
  expect(await getJson(path)).toMatchObject({
    topic,
    topic_prefix: null,
    acknowledged: 7,
    lag_events: 0,
    lag_seconds: 0,
  });
});

test("a page comes again until it is acknowledged, and an acknowledgement may be repeated", async () => {
  const topic = uniqueTopic();
  await publish(makeEvents(topic, 3));
  const path = await subscribe({ topic, from: "beginning" });
  const first = readJson(await nextPage(path, { limit: 2 }));
  expect(idsOf(readJson(await nextPage(path, { limit: 2 })))).toEqual(idsOf(first));

  for (let time = 0; time < 2; time++) expect((await acknowledge(path, first)).status).toBe(204);

  expect(await getJson(path)).toMatchObject({ acknowledged: 2, lag_events: 1, lag_exact: true });
  const ids = idsOf(first).concat(idsOf(readJson(await nextPage(path))));
  expect(ids.toSorted()).toEqual(["e0", "e1", "e2"]);
});

test("of two workers that read the same page the second is answered 409 with the position", async () => {
  const topic = uniqueTopic();
  await publish(makeEvents(topic, 2));
  const path = await subscribe({ topic, from: "beginning" });
  const pages = [readJson(await nextPage(path, { limit: 1 })), readJson(await nextPage(path, { limit: 1 }))];

  const replies = await Promise.all(pages.map((page) => acknowledge(path, page)));

  expect(replies.map(({ status }) => status).toSorted()).toEqual([204, 409]);
  const refused = replies.find(({ status }) => status === 409) as Reply;
  expect(expectProblem(refused, 409).code).toBe("subscription_moved");
  const { current } = readJson(refused) as { current: JsonObject };
  expect(current).toMatchObject({ acknowledged: 1 });
  const behind = await getJson(`/events?order=asc&topic=${topic}&cursor=${current.position}`);
  expect(idsOf(behind)).toEqual(idsOf(readJson(await nextPage(path))));
});

test("a long poll is answered when an event of the prefix is stored, and with an empty page when none is", async () => {
  const prefix = uniqueTopic();
  const path = await subscribe({ topic_prefix: `${prefix}.`, from: "now" });
  const idle = await call(`${path}/events`, { headers: { prefer: "wait=1" } });
  expect(readJson(idle)).toEqual({ count: 0, events: [], cursor: expect.any(String) });
  expect(idle.headers["preference-applied"]).toBe("wait=1");
  expect((await acknowledge(path, readJson(idle))).status).toBe(204);

  const waiting = nextPage(path);
  await publish([...makeEvents(prefix, 1), ...makeEvents(`${prefix}.a`, 1)]);

  expect(readJson(await waiting).events).toMatchObject([{ topic: `${prefix}.a`, event_id: "e0" }]);
});

test("NDJSON has one event a line, and the cursor on its last line", async () => {
  const topic = uniqueTopic();
  await publish(makeEvents(topic, 2));
  const path = await subscribe({ topic, from: "beginning" });

  const headers = { prefer: "wait=30", accept: "application/x-ndjson" };
  const { text, headers: answered } = await nextPage(path, { headers });

  expect(answered["content-type"]).toMatch(/^application\/x-ndjson\b/);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonObject);
  expect(lines).toMatchObject([{ topic }, { topic }, { count: 2, cursor: expect.any(String) }]);
  expect((await acknowledge(path, lines[2] as JsonObject)).status).toBe(204);
});

test("a subscription is found, not moved, by a second PUT, and gone after DELETE", async () => {
  const topic = uniqueTopic();
  const path = await subscribe({ topic, from: "now" });
  await publish(makeEvents(topic, 1));

  const again = await json("PUT", path, { topic, from: "now" });
  expect(again.status).toBe(200);
  expect(readJson(again)).toMatchObject({ topic, lag_events: 1 });
  expect(expectProblem(await json("PUT", path, { from: "now" }), 409).code).toBe("subscription_differs");
  const { subscriptions } = await getJson("/subscriptions");
  expect(subscriptions).toContainEqual(expect.objectContaining({ name: readJson(again).name, acknowledged: 0 }));

  const page = readJson(await nextPage(path));
  expect((await call(path, { method: "DELETE" })).status).toBe(204);
  for (const reply of [await call(path), await call(`${path}/events`), await acknowledge(path, page)]) {
    expect(expectProblem(reply, 404).code).toBe("not_found");
  }
});

test.each([
  [{ topic: "a" }, "/from"],
  [{ from: "soon" }, "/from"],
  [{ from: "now", topic: "a", topic_prefix: "b" }, "/topic_prefix"],
  [{ from: "now", limit: 1 }, "/limit"],
])("a subscription that breaks a rule is refused with a pointer: %j", async (body, pointer) => {
  const problem = expectProblem(await json("PUT", "/subscriptions/conformance", body), 422);
  expect(problem).toMatchObject({ code: "invalid_body", errors: [{ pointer }] });
});

test.each([".", "..", "%2E", "%2e%2E"])("a subscription that no URL can name is refused: %s", async (name) => {
  const connection = await RawConnection.open();
  onTestFinished(() => connection.destroy());
  const body = JSON.stringify({ from: "now" });
  const headers = ["Content-Type: application/json", `Content-Length: ${body.length}`];
  await connection.send(requestText(`PUT /subscriptions/${name} HTTP/1.1`, headers, body));

  const [reply] = await connection.untilAnswered();

  expect(expectProblem(reply as Reply, 400)).toMatchObject({
    code: "invalid_parameter",
    errors: [{ pointer: "/name", detail: "must not be `.` or `..`" }],
  });
});

test("a cursor that is not that of a page is refused", async () => {
  const path = await subscribe({ from: "now" });
  for (const cursor of ["", "AgAx", (await getJson("/events?order=asc&limit=1")).next_cursor]) {
    expect(expectProblem(await acknowledge(path, { cursor }), 400).code).toBe("invalid_cursor");
  }
});
