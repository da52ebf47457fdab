import { createHash } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";

// All tests share one store, and each test has its own topics.
const { server, storeEvents } = await openQueryFixture(afterAll);

const LINES = { accept: "application/x-ndjson" };

async function exportOf(url: string) {
  const answer = await server.inject({ url, headers: LINES });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/x-ndjson; charset=utf-8");
  const lines = answer.body.split("\n");
  expect(lines.pop()).toBe("");
  const end = JSON.parse(String(lines.pop())) as { complete: boolean; count: number; next_cursor: string | null };
  return { events: lines, ids: lines.map((line) => JSON.parse(line).event_id as string), end };
}

async function fill(topic: string, count: number) {
  await storeEvents(Array.from({ length: count }, (_, index) => ({ topic, event_id: `${index}` })));
  return Array.from({ length: count }, (_, index) => `${index}`);
}

test.each(["asc", "desc"])("an export holds every event of a topic and says that it is complete, %s", async (order) => {
  const topic = `whole ${order}`;
  const ids = await fill(topic, 1_201);
  const exported = await exportOf(`/events?topic=${encodeURIComponent(topic)}&order=${order}`);
  expect(exported.ids).toEqual(order === "asc" ? ids : ids.toReversed());
  expect(exported.end).toEqual({
    complete: true,
    count: 1_201,
    next_cursor: order === "asc" ? expect.any(String) : null,
  });
});

test("an export whose key expires while a page is read ends without that page", async () => {
  const sha256 = createHash("sha256").update("tdm_key").digest("hex");
  const expiresAtMs = Date.now() + 3_600_000;
  const key: KeyEntry = { name: "reports", sha256, scopes: ["read"], expires_at: new Date(expiresAtMs).toISOString() };
  const { server, store, storeEvents } = await openQueryFixture(onTestFinished, { keys: [key] });
  await storeEvents([{ event_id: "secret" }]);
  const listEvents = store.listEvents.bind(store);
  vi.spyOn(store, "listEvents").mockImplementation(async (query) => {
    const page = await listEvents(query);
    vi.spyOn(Date, "now").mockReturnValue(expiresAtMs);
    return page;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const { body } = await server.inject({ url: "/events", headers: { ...LINES, "x-api-key": "tdm_key" } });
  expect(JSON.parse(body)).toEqual({ complete: false, count: 0, next_cursor: null });
});

test("the cursor of an export's last line continues with later events", async () => {
  const topic = "later";
  await fill(topic, 3);
  const { end } = await exportOf(`/events?topic=${topic}&order=asc`);
  await storeEvents([{ topic, event_id: "new" }]);
  const more = await exportOf(`/events?topic=${topic}&order=asc&cursor=${end.next_cursor}`);
  expect(more).toMatchObject({ ids: ["new"], end: { complete: true, count: 1 } });
  expect(await exportOf(`/events?topic=${topic}&order=asc&cursor=${more.end.next_cursor}`)).toMatchObject({ ids: [] });
});

test.each(["asc", "desc"])(
  "an export stops at its limit, says that it is incomplete, and can be continued, %s",
  async (order) => {
    const topic = `limited${order}`;
    await fill(topic, 5);
    const first = await exportOf(`/events?topic=${topic}&order=${order}&limit=3`);
    expect(first.end).toEqual({ complete: false, count: 3, next_cursor: expect.any(String) });
    const rest = await exportOf(`/events?topic=${topic}&order=${order}&cursor=${first.end.next_cursor}`);
    expect(rest.end).toMatchObject({ complete: true, count: 2 });
    expect(new Set([...first.ids, ...rest.ids]).size).toBe(5);
  },
);

test("an export accepts filters and the cursors of pages", async () => {
  const topic = "filtered-export";
  for (const source of ["a", "b", "a", "a"]) await storeEvents([{ topic, event_id: crypto.randomUUID(), source }]);
  const url = `/events?topic=${topic}&source=a&order=asc`;
  const page = (await server.inject(`${url}&limit=1`)).json();
  expect((await exportOf(`${url}&cursor=${page.next_cursor}`)).end.count).toBe(2);
});

test("an export has each event on one line, with every digit", async () => {
  const topic = "lines";
  await storeEvents([
    `{"topic":"${topic}","event_id":"1","timestamp":"2025-10-23T10:00:00Z","source":"s","payload":{\r\n "n": 12345678901234567890,\n "t":"a\\nb"}}`,
  ]);
  const { events } = await exportOf(`/events?topic=${topic}`);
  expect(events).toEqual([expect.stringContaining('"n": 12345678901234567890,  "t":"a\\nb"}')]);
});

test("an empty export is only its last line", async () => {
  expect((await exportOf("/events?topic=nobody")).end).toEqual({ complete: true, count: 0, next_cursor: null });
});

test.each([
  ["application/json", "application/json"],
  ["*/*", "application/json"],
  ["application/x-ndjson;q=0, application/json", "application/json"],
  ["Application/X-NDJSON; charset=utf-8", "application/x-ndjson"],
  ["text/html, application/x-ndjson;q=0.5", "application/x-ndjson"],
])("answers %s with %s", async (accept, type) => {
  const answer = await server.inject({ url: "/events?topic=nobody", headers: { accept } });
  expect(answer.headers["content-type"]).toContain(type);
  expect(answer.headers.vary).toContain("Accept");
});

test("an export refuses the cursor of another list before it answers anything", async () => {
  const answer = await server.inject({ url: "/events?cursor=AQEx", headers: LINES });
  expect(answer.json()).toMatchObject({ status: 400, code: "invalid_cursor" });
});

/** Requests an export of large events over a connection, and reads nothing of it. */
async function openUnread(fixture: Awaited<ReturnType<typeof openQueryFixture>>, events: number) {
  const payload = { text: "x".repeat(1_000_000) };
  for (let index = 0; index < events; index++) await fixture.storeEvents([{ event_id: `${index}`, payload }]);
  await fixture.server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = fixture.server.server.address() as AddressInfo;
  const open = () => {
    const sent = request({ port, host: "127.0.0.1", path: "/events?order=asc", headers: LINES, agent: false }).end();
    sent.on("error", () => undefined);
    onTestFinished(() => void sent.destroy());
    return sent;
  };
  return open;
}

test("an export waits for a slow client, and stops when the client has left", async () => {
  const fixture = await openQueryFixture(onTestFinished);
  const open = await openUnread(fixture, 40);
  const list = vi.spyOn(fixture.store, "listEvents");
  const sent = open();
  await vi.waitFor(() => expect(list.mock.calls.length).toBeGreaterThan(0));
  sent.destroy();
  await vi.waitFor(async () => {
    const connections = await new Promise((resolve) =>
      fixture.server.server.getConnections((_, count) => resolve(count)),
    );
    expect(connections).toBe(0);
  });
  expect(list.mock.calls.length).toBeLessThan(20); // a page holds one of the forty; the kernel takes some
});

test("an export is cut off if the store fails meanwhile", async () => {
  const fixture = await openQueryFixture(onTestFinished);
  const open = await openUnread(fixture, 40);
  const sent = open();
  const response = await new Promise<IncomingMessage>((resolve) => sent.once("response", resolve));
  await fixture.store.close();
  const outcome = await new Promise((resolve) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
    response.once("close", () => resolve({ isComplete: response.complete, hasEnd: text.includes('"complete":') }));
    response.once("error", () => undefined);
  });
  expect(outcome).toEqual({ isComplete: false, hasEnd: false });
});
