import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import type { FastifyInstance } from "fastify";
import { expect, test } from "vitest";
import { readDocumented } from "./documented.ts";
import { countSeries, readFamilies, sampleOf } from "./exposition.ts";
import { openSingle } from "./single-process.ts";

const event = (id: string, fields: object = {}) => ({
  topic: "t",
  event_id: id,
  timestamp: "2025-10-23T10:00:00Z",
  source: "s",
  ...fields,
});

async function publish(server: FastifyInstance, body: unknown): Promise<number> {
  return (await server.inject({ method: "POST", url: "/publish", payload: body as object })).statusCode;
}

async function scrape(server: FastifyInstance): Promise<string> {
  return (await server.inject("/metrics")).body;
}

test("single has every metric of docs/metrics.md after a publish, and no other", async () => {
  const server = await openSingle();
  expect(await publish(server, [event("a"), event("a")])).toBe(200);
  expect(await publish(server, {})).toBe(422);
  await server.inject("/audit");

  const text = await scrape(server);
  const shown = readFamilies(text);

  const ofSingle = readDocumented().filter(({ where }) => where !== "edge");
  expect([...shown.keys()].sort()).toEqual(ofSingle.map(({ name }) => name).sort());
  for (const { name, type, labels } of ofSingle) expect({ name, ...shown.get(name) }).toEqual({ name, type, labels });
  expect(sampleOf(text, 'tidemark_disk_free_bytes{volume="store"}')).toBeGreaterThan(0);
});

const METHODS = ["GET", "POST", "OPTIONS", "PURGE", "SEARCH"] as const;

/** Requests of every kind, with a text of the client in each place that takes one. */
async function askEverything(server: FastifyInstance, text: string): Promise<void> {
  const part = encodeURIComponent(text);
  const paths = [`/${part}`, `/events/${part}/${part}`, `/receipts/${part}`, `/dead-letters/${part}`, "/publish"];
  for (const url of [...paths, `/dashboard/${part}.js`, `/events?topic=${part}`, `/stats?${part}=1`]) {
    for (const method of METHODS) {
      await server.inject({
        method: method as "GET",
        url,
        headers: { host: `localhost:${text.length}`, "x-request-id": part },
      });
    }
  }
  const named = event(text, { topic: text, source: text });
  await publish(server, [named, named, { ...named, payload: { text } }]);
  await publish(server, { ...named, timestamp: text });
  await server.inject({ url: "/events", headers: { host: part } });
}

test("no request of a client adds a time series", async () => {
  const server = await openSingle();
  await askEverything(server, "first");
  await scrape(server); // the scrape is a request as well
  const before = countSeries(await scrape(server));

  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 40 }), async (text) => {
      await askEverything(server, text);
      expect(countSeries(await scrape(server))).toBe(before);
    }),
    { numRuns: 5 },
  );
});

test("bytes that are not HTTP are counted as a refusal", async () => {
  const server = await openSingle();
  const { port } = new URL(server.listeningOrigin);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.end("NONSENSE\r\n\r\n");
  await once(socket.resume(), "close");

  const text = await scrape(server);

  expect(sampleOf(text, 'tidemark_refusals_total{code="bad_request"}')).toBe(1);
  expect(sampleOf(text, 'tidemark_requests_total{route="unknown",method="other",status="400"}')).toBe(1);
});

test("events are counted by verdict, and a conflict is not a duplicate", async () => {
  const server = await openSingle();
  await publish(server, [event("a"), event("a"), event("a"), event("a", { payload: { n: 1 } }), event("b")]);

  const text = await scrape(server);

  const counts = ["stored", "duplicate", "conflict", "dead_lettered"].map((verdict) =>
    sampleOf(text, `tidemark_events_total{verdict="${verdict}"}`),
  );
  expect(counts).toEqual([2, 2, 1, 0]);
  expect(sampleOf(text, "tidemark_received_events_total")).toBe(5);
});
