import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import { createDatabase } from "@tidemark/test-support/databases/postgres-database";
import {
  createOwnDatabase,
  launchOwn,
  startOwn,
  startOwnBroker,
  startOwnProxy,
} from "@tidemark/test-support/processes/own-services";
import { type ServiceProcess, startService } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000 }); // many processes are started

const REQUESTS = 20;

/** Publishes as far as the service asking for the body: in flight from then on until the body comes. */
async function beginPublish({ port }: ServiceProcess, agent: Agent, text: string): Promise<ClientRequest> {
  const length = Buffer.byteLength(text);
  const headers = { "content-type": "application/json", "content-length": length, expect: "100-continue" };
  const sent = request({ port, path: "/publish", method: "POST", agent, headers });
  sent.flushHeaders();
  await once(sent, "continue");
  return sent;
}

/** Stops a service with requests in flight, and says how they and it ended. */
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

const ALL_STORED = Array.from({ length: REQUESTS }, () => ({
  status: 200,
  connection: "close",
  body: expect.objectContaining({ accepted: 1 }),
}));

describe("a service told to stop answers what is in flight and ends with 0:", () => {
  test("single", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const environment = { DATABASE_PATH: join(directory, "tidemark.db") };
    const service = await startService("single", environment);
    onTestFinished(() => void service.end("SIGKILL"));
    const topic = uniqueName("stop");

    expect(await stopInFlight(service, topic)).toEqual({ answers: ALL_STORED, exit: 0 });

    const again = await startService("single", environment);
    onTestFinished(() => void again.end("SIGKILL"));
    const stats = await (await fetch(`${again.url}/stats?topic=${topic}`)).json();
    expect(stats).toMatchObject({ received: REQUESTS, unique_processed: REQUESTS, queue_size: 0 });
  });

  test("gateway and consumer", async () => {
    const database = await createDatabase(inject("databaseUrl"));
    onTestFinished(() => database.drop());
    const environment = { NATS_URL: inject("natsUrl"), DATABASE_URL: database.url, LOG_MAX_BYTES: "64000000" };
    const consumer = await startService("consumer", environment);
    onTestFinished(() => void consumer.end("SIGKILL"));
    const gateway = await startService("gateway", environment);
    onTestFinished(() => void gateway.end("SIGKILL"));

    expect(await stopInFlight(gateway, uniqueName("stop"))).toEqual({ answers: ALL_STORED, exit: 0 });
    expect(await consumer.end("SIGTERM")).toBe(0);
  });

  test("query", async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const { url: DATABASE_URL } = await createOwnDatabase();
    await startOwn("consumer", { NATS_URL, DATABASE_URL }); // makes the tables
    const query = await startOwn("query", { NATS_URL, DATABASE_URL });
    const holder = new pg.Client({ connectionString: DATABASE_URL });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");

    const answers = Array.from({ length: 5 }, () => fetch(`${query.url}/events`));
    const countWaiting =
      "SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    // Four pages are read at once; the fifth question waits for its turn.
    await waitFor("the questions to wait", async () => (await holder.query(countWaiting)).rows[0].waiting === 4);
    const ended = query.end("SIGTERM");
    await waitFor("the service to stop", () => query.output().includes('"msg":"stopping"'));
    await holder.query("COMMIT");
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(await ended).toBe(0);
  });
});

test("a service told to stop ends with 0 also while broker and database are away", async () => {
  const broker = await startOwnBroker();
  const { url } = await createOwnDatabase();
  const wire = await startOwnProxy(url);
  const environment = { NATS_URL: broker.url, DATABASE_URL: wire.url };
  const names = ["consumer", "gateway", "query"];
  const [consumer, gateway, query] = await Promise.all(names.map((name) => startOwn(name, environment)));

  wire.refuse();
  const prefer = { "content-type": "application/json", prefer: "respond-async" };
  const taken = await fetch(`${gateway?.url}/publish`, { method: "POST", headers: prefer, body: eventText() });
  expect(taken.status).toBe(202);
  await waitFor("the consumer to hold frames that it cannot store", () =>
    consumer?.output().includes("store unreachable, retrying"),
  );
  await broker.kill();
  await waitFor("the gateway to miss the broker", async () => (await fetch(`${gateway?.url}/readyz`)).status === 503);
  expect(await Promise.all([consumer, gateway, query].map((service) => service?.end("SIGTERM")))).toEqual([0, 0, 0]);
});

test("a service told to stop ends with 0 also while the database is frozen, and counts once what it gave back", async () => {
  const broker = await startOwnBroker();
  const { url: DATABASE_URL } = await createOwnDatabase();
  const wire = await startOwnProxy(DATABASE_URL);
  const past = { NATS_URL: broker.url, DATABASE_URL };
  const through = { ...past, DATABASE_URL: wire.url, SHUTDOWN_DEADLINE_MS: "10000" };
  const [consumer, query] = [await startOwn("consumer", through), await startOwn("query", through)];
  const gateway = await startOwn("gateway", past);
  const holder = new pg.Client({ connectionString: DATABASE_URL });
  await holder.connect();
  onTestFinished(() => holder.end());
  const waiting = async () => {
    const sql = "SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    return (await holder.query(sql)).rows[0].waiting;
  };
  const publish = (text: string) => {
    const headers = { "content-type": "application/json", prefer: "respond-async" };
    return fetch(`${gateway.url}/publish`, { method: "POST", headers, body: text });
  };

  await holder.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
  expect((await publish(eventText())).status).toBe(202);
  const reads = Array.from({ length: 12 }, () => fetch(`${query.url}/events`).catch(() => undefined));
  await waitFor("the consumer and the four pages read at once to wait", async () => (await waiting()) === 5);
  wire.vanish();
  const audit = fetch(`${query.url}/audit`).catch(() => undefined);
  expect(await Promise.all([consumer, query].map((service) => service.end("SIGTERM")))).toEqual([0, 0]);
  await Promise.all([...reads, audit]);

  await holder.query("COMMIT"); // and with it what the consumer gave up
  await startOwn("consumer", past);
  const queryAgain = await startOwn("query", past);
  await waitFor("the frame to be settled", async () => {
    const stats = await (await fetch(`${queryAgain.url}/stats`)).json();
    expect(stats).toMatchObject({ received: 1, unique_processed: 1, duplicate_dropped: 0, queue_size: 0, drift: 0 });
    return true;
  });
});

test("a service told to stop ends with 0 also before broker and database ever came", async () => {
  const environment = { NATS_URL: "nats://127.0.0.1:1", DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const services = await Promise.all(["consumer", "gateway", "query"].map((name) => launchOwn(name, environment)));
  for (const service of services) {
    await waitFor(`${service.name} to live`, async () => (await fetch(`${service.url}/livez`)).ok, {
      timeoutMs: 45_000,
    });
  }
  expect(await Promise.all(services.map((service) => service.end("SIGTERM")))).toEqual([0, 0, 0]);
});
