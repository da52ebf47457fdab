import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  createOwnDatabase,
  launchOwnService,
  startOwnBroker,
  startOwnProxy,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import type { ServiceProcess } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000 }); // many processes are started

const REQUESTS = 20;

/** Sends a publish request without its body, so that it is in flight until the body is sent. */
async function beginPublish({ port }: ServiceProcess, agent: Agent, text: string): Promise<ClientRequest> {
  const length = Buffer.byteLength(text);
  const headers = { "content-type": "application/json", "content-length": length, expect: "100-continue" };
  const sent = request({ port, path: "/publish", method: "POST", agent, headers });
  sent.flushHeaders();
  await once(sent, "continue");
  return sent;
}

/** Stops a service with requests in flight, and returns their answers and the exit code. */
async function stopInFlight(service: ServiceProcess, topic: string) {
  const agent = new Agent({ keepAlive: true });
  const texts = Array.from({ length: REQUESTS }, (_, index) => eventText({ topic, id: `in-flight-${index}` }));
  const begun = await Promise.all(texts.map((text) => beginPublish(service, agent, text)));
  const ended = service.end("SIGTERM");
  await waitFor("the service to stop", () => service.output().includes('"msg":"stopping"'));
  const answers = await Promise.all(
    begun.map(async (sent, index) => {
      const response = once(sent, "response");
      sent.end(texts[index]);
      const [answer] = (await response) as [IncomingMessage];
      return { status: answer.statusCode, connection: answer.headers.connection, body: await json(answer) };
    }),
  );
  return { answers, exit: await ended };
}

/** Sends each request from another client, because one client may read only two pages at a time. */
const BEHIND_PROXY = { TRUSTED_PROXIES: "127.0.0.1" };

function listAs({ url }: ServiceProcess, client: number): Promise<Response> {
  return fetch(`${url}/events`, { headers: { "x-forwarded-for": `10.0.0.${client}` } });
}

const ALL_STORED = Array.from({ length: REQUESTS }, () => ({
  status: 200,
  connection: "close",
  body: expect.objectContaining({ accepted: 1 }),
}));

describe("a stopping service", () => {
  test("a stopping single answers the requests in flight and ends with 0", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const environment = { DATABASE_PATH: join(directory, "tidemark.db") };
    const service = await startOwnService("single", environment);
    const topic = uniqueName("stop");

    expect(await stopInFlight(service, topic)).toEqual({ answers: ALL_STORED, exit: 0 });

    const again = await startOwnService("single", environment);
    const stats = await (await fetch(`${again.url}/stats?topic=${topic}`)).json();
    expect(stats).toMatchObject({ received: REQUESTS, unique_processed: REQUESTS, queue_size: 0 });
  });

  test("a stopping gateway answers the requests in flight and ends with 0, and so does the consumer", async () => {
    const database = await createOwnDatabase();
    const environment = { NATS_URL: inject("natsUrl"), DATABASE_URL: database.url };
    const [consumer, gateway] = await Promise.all([
      startOwnService("consumer", environment),
      startOwnService("gateway", environment),
    ]);

    expect(await stopInFlight(gateway, uniqueName("stop"))).toEqual({ answers: ALL_STORED, exit: 0 });
    expect(await consumer.end("SIGTERM")).toBe(0);
  });

  test("a stopping query answers the requests in flight and ends with 0", async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const { url: DATABASE_URL } = await createOwnDatabase();
    await startOwnService("consumer", { NATS_URL, DATABASE_URL }); // creates the tables
    const query = await startOwnService("query", { NATS_URL, DATABASE_URL, ...BEHIND_PROXY });
    const holder = new pg.Client({ connectionString: DATABASE_URL });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");

    const answers = Array.from({ length: 5 }, (_, index) => listAs(query, index));
    const countWaiting =
      "SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    // Four pages are read at the same time, and the fifth request waits for its turn.
    await waitFor(
      "four requests to wait for the lock",
      async () => (await holder.query(countWaiting)).rows[0].waiting === 4,
    );
    const ended = query.end("SIGTERM");
    await waitFor("the service to stop", () => query.output().includes('"msg":"stopping"'));
    await holder.query("COMMIT");
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(await ended).toBe(0);
  });
});

test("services end with 0 while broker and database are down", async () => {
  const broker = await startOwnBroker();
  const { url } = await createOwnDatabase();
  const databaseProxy = await startOwnProxy(url);
  const environment = { NATS_URL: broker.url, DATABASE_URL: databaseProxy.url };
  const names = ["consumer", "gateway", "query"];
  const [consumer, gateway, query] = await Promise.all(names.map((name) => startOwnService(name, environment)));

  databaseProxy.refuse();
  const prefer = { "content-type": "application/json", prefer: "respond-async" };
  const taken = await fetch(`${gateway?.url}/publish`, { method: "POST", headers: prefer, body: eventText() });
  expect(taken.status).toBe(202);
  await waitFor("the consumer to hold frames that it cannot store", () =>
    consumer?.output().includes("store unreachable, retrying"),
  );
  await broker.kill();
  await waitFor(
    "the gateway to notice the loss of the broker",
    async () => (await fetch(`${gateway?.url}/readyz`)).status === 503,
  );
  expect(await Promise.all([consumer, gateway, query].map((service) => service?.end("SIGTERM")))).toEqual([0, 0, 0]);
});

test("consumer and query end with 0 while the database is frozen, and the frame that was given back is counted once", async () => {
  const broker = await startOwnBroker();
  const { url: DATABASE_URL } = await createOwnDatabase();
  const databaseProxy = await startOwnProxy(DATABASE_URL);
  const direct = { NATS_URL: broker.url, DATABASE_URL };
  const proxied = { ...direct, DATABASE_URL: databaseProxy.url, SHUTDOWN_DEADLINE_MS: "10000" };
  const [consumer, query, gateway] = await Promise.all([
    startOwnService("consumer", proxied),
    startOwnService("query", { ...proxied, ...BEHIND_PROXY }),
    startOwnService("gateway", direct),
  ]);
  const holder = new pg.Client({ connectionString: DATABASE_URL });
  await holder.connect();
  onTestFinished(() => holder.end());
  const countWaiting = async () => {
    const sql = "SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    return (await holder.query(sql)).rows[0].waiting;
  };
  const publish = (text: string) => {
    const headers = { "content-type": "application/json", prefer: "respond-async" };
    return fetch(`${gateway.url}/publish`, { method: "POST", headers, body: text });
  };

  await holder.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
  expect((await publish(eventText())).status).toBe(202);
  const reads = Array.from({ length: 12 }, (_, index) => listAs(query, index).catch(() => undefined));
  await waitFor("the consumer and four page reads to wait for the lock", async () => (await countWaiting()) === 5);
  databaseProxy.vanish();
  const audit = fetch(`${query.url}/audit`).catch(() => undefined);
  expect(await Promise.all([consumer, query].map((service) => service.end("SIGTERM")))).toEqual([0, 0]);
  await Promise.all([...reads, audit]);

  await holder.query("COMMIT"); // commits the transaction of the consumer as well, if it still waits
  const [queryAgain] = await Promise.all([startOwnService("query", direct), startOwnService("consumer", direct)]);
  await waitFor("the frame to be acknowledged", async () => {
    const stats = await (await fetch(`${queryAgain.url}/stats`)).json();
    expect(stats).toMatchObject({ received: 1, unique_processed: 1, duplicate_dropped: 0, queue_size: 0, drift: 0 });
    return true;
  });
});

test("services end with 0 before broker and database have ever started", async () => {
  const environment = { NATS_URL: "nats://127.0.0.1:1", DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const services = await Promise.all(
    ["consumer", "gateway", "query"].map((name) => launchOwnService(name, environment)),
  );
  for (const service of services) {
    await waitFor(`${service.name} to live`, async () => (await fetch(`${service.url}/livez`)).ok, {
      timeoutMs: 45_000,
    });
  }
  expect(await Promise.all(services.map((service) => service.end("SIGTERM")))).toEqual([0, 0, 0]);
});
