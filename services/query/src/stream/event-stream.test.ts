import { createHash } from "node:crypto";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Signals } from "@tidemark/event-log/signals";
import { ApiKeys } from "@tidemark/runtime/access/api-keys";
import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { createCursors } from "../paging/cursor.ts";
import { createReadBudgets } from "../paging/read-budget.ts";
import { FIXTURE_SIGNER, openQueryFixture } from "../query-fixture.ts";
import { type EventStreamOptions, registerEventStream } from "./event-stream.ts";
import { createPollers } from "./pollers.ts";

interface Stream {
  response: IncomingMessage;
  text: () => string;
  /** The ids and event ids of the events that arrived so far. */
  events: () => { id: string; event_id: string }[];
  close: () => void;
  closed: Promise<void>;
}

function openStream(port: number, path: string, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const sent = get({ port, host: "127.0.0.1", path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      response.on("error", () => undefined);
      const closed = new Promise<void>((end) => response.once("close", () => end()));
      const events = () =>
        [...text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)].map(([, id, data]) => {
          return { id: String(id), event_id: JSON.parse(String(data)).event_id as string };
        });
      resolve({ response, text: () => text, events, close: () => sent.destroy(), closed });
    });
    sent.on("error", reject);
    onTestFinished(() => void sent.destroy());
  });
}

async function openStreams() {
  const fixture = await openQueryFixture(onTestFinished);
  await fixture.server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = fixture.server.server.address() as AddressInfo;
  const open = (path = "/events/stream", headers?: Record<string, string>) => openStream(port, path, headers);
  return { ...fixture, open };
}

const idsOf = (stream: Stream) => stream.events().map(({ event_id }) => event_id);
const untilIds = (stream: Stream, ids: string[]) => vi.waitFor(() => expect(idsOf(stream)).toEqual(ids), 10_000);

test("a stream sends every event stored after the request once, to each client", async () => {
  const { open, storeEvents } = await openStreams();
  await storeEvents([{ event_id: "before" }]);
  const first = await open();
  expect(first.response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  await storeEvents([{ event_id: "1" }, { event_id: "2" }, { event_id: "1" }]);
  const second = await open();
  await storeEvents([{ event_id: "3" }]);
  await untilIds(first, ["1", "2", "3"]);
  await untilIds(second, ["3"]);
});

test("a stream of a topic sends only its events, each on one line with every digit", async () => {
  const { open, storeEvents } = await openStreams();
  const stream = await open("/events/stream?topic=mine");
  await storeEvents([
    { topic: "other", event_id: "no" },
    '{"topic":"mine","event_id":"1","timestamp":"2025-10-23T10:00:00Z","source":"s","payload":{\n"n":12345678901234567890}}',
  ]);
  await untilIds(stream, ["1"]);
  expect(stream.text()).toContain('"payload":{ "n":12345678901234567890}');
});

test("a stream continues behind any id, from the header or the query, and prefers the header", async () => {
  const { open, storeEvents } = await openStreams();
  const all = Array.from({ length: 1_203 }, (_, index) => `${index}`);
  const first = await open();
  await storeEvents(all.map((event_id) => ({ event_id })));
  await untilIds(first, all);
  const { id } = first.events()[699] as { id: string };
  const last = first.events().at(-1)?.id as string;
  await untilIds(await open("/events/stream", { "last-event-id": id }), all.slice(700));
  await untilIds(await open(`/events/stream?last_event_id=${id}`), all.slice(700));
  await untilIds(await open(`/events/stream?last_event_id=${last}`, { "last-event-id": id }), all.slice(700));
});

test("a client that is disconnected before the first event misses none, because a stream begins with an id", async () => {
  const { open, storeEvents } = await openStreams();
  const first = await open();
  await vi.waitFor(() => expect(first.text()).toContain("id: "));
  const id = /^retry: \d+\nid: (\S+)\n\n/.exec(first.text())?.[1];
  first.close();
  await storeEvents([{ event_id: "missed" }]);
  await untilIds(await open("/events/stream", { "last-event-id": String(id) }), ["missed"]);
});

test("a stream accepts the cursor of a scan forward as an id", async () => {
  const { open, server, storeEvents } = await openStreams();
  await storeEvents([{ event_id: "1" }, { event_id: "2" }]);
  const { next_cursor } = (await server.inject("/events?order=asc&limit=1")).json();
  await untilIds(await open(`/events/stream?last_event_id=${next_cursor}`), ["2"]);
});

test("a stream refuses the id of another topic, a text that is not an id, and unknown parameters", async () => {
  const { server } = await openStreams();
  const { next_cursor } = (await server.inject("/events?order=asc&topic=a")).json();
  const code = async (url: string) => (await server.inject(url)).json().code;
  expect(await code(`/events/stream?topic=b&last_event_id=${next_cursor}`)).toBe("invalid_cursor");
  expect(await code("/events/stream?last_event_id=x")).toBe("invalid_cursor");
  expect(await code("/events/stream?order=asc")).toBe("invalid_parameter");
});

test("a stream ends with a complete answer when the service stops", async () => {
  const { open, server } = await openStreams();
  const stream = await open();
  await server.close();
  await stream.closed;
  expect(stream.response.complete).toBe(true);
});

test("HEAD /events/stream answers 405", async () => {
  const { server } = await openStreams();
  expect((await server.inject({ method: "HEAD", url: "/events/stream" })).statusCode).toBe(405);
});

/** Opens streams with the limits of the test. */
async function openLimited(
  limits: Partial<EventStreamOptions>,
  { apiKeys, signals = createMemorySignals() }: { apiKeys?: ApiKeys; signals?: Pick<Signals, "onCommit"> } = {},
) {
  const { store, storeEvents } = await openQueryFixture(onTestFinished);
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }), apiKeys });
  const cursors = createCursors(FIXTURE_SIGNER);
  const pollers = createPollers({
    reader: store,
    signals,
    cursors,
    budget: createReadBudgets().streams,
    logger: server.log,
  });
  registerEventStream(server, { reader: store, cursors, pollers, ...limits });
  await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return {
    server,
    store,
    storeEvents,
    open: (headers?: Record<string, string>) => openStream(port, "/events/stream", headers),
  };
}

test("a stream finds events without a signal, and sends heartbeats in between", async () => {
  const { open, storeEvents } = await openLimited({ heartbeatMs: 20 });
  const stream = await open();
  await vi.waitFor(() => expect(stream.text()).toContain("\n: nothing new\n\n"), 10_000);
  await storeEvents([{ event_id: "1" }]);
  await untilIds(stream, ["1"]);
});

test("a process listens to commits only while a stream is open", async () => {
  const listening: boolean[] = [];
  const onCommit = () => {
    const index = listening.push(true) - 1;
    return () => {
      listening[index] = false;
    };
  };
  const { open } = await openLimited({}, { signals: { onCommit } });
  expect(listening).toEqual([]);
  const streams = [await open(), await open()];
  expect(listening).toEqual([true]);
  for (const stream of streams) stream.close();
  await vi.waitFor(() => expect(listening).toEqual([false]), 10_000);
  await open();
  expect(listening).toEqual([false, true]);
});

test("one stream too many of a client is refused, and accepted once another one has ended", async () => {
  const { open } = await openLimited({ maxStreams: 4 });
  const first = await open();
  const refused = await open();
  expect(refused.response.statusCode).toBe(429);
  expect(refused.response.headers["retry-after"]).toBe("5");
  first.close();
  await vi.waitFor(async () => expect((await open()).response.statusCode).toBe(200), 10_000);
});

test("a stream ends when its key is removed or loses a right, and continues when another key changes", async () => {
  const sha256 = createHash("sha256").update("tdm_key").digest("hex");
  const entry: KeyEntry = { name: "reports", sha256, scopes: ["read", "publish"] };
  const apiKeys = new ApiKeys([entry]);
  const { open, storeEvents } = await openLimited({ heartbeatMs: 20 }, { apiKeys });
  const stream = await open({ "x-api-key": "tdm_key" });
  apiKeys.replace([{ ...entry }, { ...entry, name: "other", sha256: "ab".repeat(32) }]);
  await storeEvents([{ event_id: "1" }]);
  await untilIds(stream, ["1"]);

  apiKeys.replace([{ ...entry, scopes: ["read"] }]);
  await stream.closed;
  const again = await open({ "x-api-key": "tdm_key" });
  apiKeys.replace([]);
  await again.closed;

  expect([stream, again].map(({ response }) => response.complete)).toEqual([true, true]);
});

test("a stream whose key is removed while its next page is read ends without that page", async () => {
  const sha256 = createHash("sha256").update("tdm_key").digest("hex");
  const apiKeys = new ApiKeys([{ name: "reports", sha256, scopes: ["read"] }]);
  const { open, store, storeEvents } = await openLimited({}, { apiKeys });
  const stream = await open({ "x-api-key": "tdm_key" });
  const listEvents = store.listEvents.bind(store);
  vi.spyOn(store, "listEvents").mockImplementation(async (query) => {
    const page = await listEvents(query);
    if (page.events.length > 0) apiKeys.replace([]);
    return page;
  });
  await storeEvents([{ event_id: "secret" }]);
  await stream.closed;
  expect([stream.response.complete, idsOf(stream)]).toEqual([true, []]);
});

test("a client that does not read is disconnected", { timeout: 20_000 }, async () => {
  const { open, server, storeEvents } = await openLimited({ maxStallMs: 200 });
  const stream = await open();
  stream.response.pause();
  const payload = { text: "x".repeat(4_000_000) };
  for (let index = 0; index < 10; index++) await storeEvents([{ event_id: `${index}`, payload }]);
  const countConnections = () => new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)));
  await vi.waitFor(async () => expect(await countConnections()).toBe(0), 15_000);
  stream.response.resume();
  await stream.closed;
  expect(stream.response.complete).toBe(false);
});
