import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import { publishNatsMessage } from "@tidemark/test-support/clients/nats-protocol";
import {
  createOwnDatabase,
  launchOwnService,
  startOwnBroker,
  startOwnProxy,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import { type ServiceProcess, waitUntilReady } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { describe, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 180_000 }); // many processes are started

const EVENTS = 20;
// The lock of schema/migrate.ts, which every release uses.
const MIGRATION_LOCK = "7305804402565173249";

async function publish({ url }: ServiceProcess, events: string[], prefer = "wait=30") {
  const headers = { "content-type": "application/json", prefer };
  const answer = await fetch(`${url}/publish`, { method: "POST", headers, body: `[${events.join(",")}]` });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), body: await answer.json() };
}

async function statusOf({ url }: ServiceProcess, path: string): Promise<number> {
  return (await fetch(`${url}${path}`)).status;
}

/** Waits until a service answers /livez. */
async function waitUntilAlive(service: ServiceProcess): Promise<void> {
  await waitFor(`${service.name} to live`, async () => (await statusOf(service, "/livez")) === 200, {
    timeoutMs: 45_000,
  });
}

/** Waits until /stats has the expected counts. */
async function waitForBooks({ url }: ServiceProcess, expected: object): Promise<void> {
  await waitFor("the books", async () => {
    expect(await (await fetch(`${url}/stats`)).json()).toMatchObject(expected);
    return true;
  });
}

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined); // at the end of the test the database is dropped while this client is connected
  await client.connect();
  return client;
}

test("services without broker and database are alive but not ready, and work once both have started", async () => {
  const broker = await startOwnBroker();
  await broker.kill();
  const database = await createOwnDatabase();
  const databaseProxy = await startOwnProxy(database.url);
  databaseProxy.refuse();
  const environment = { NATS_URL: broker.url, DATABASE_URL: databaseProxy.url };
  const [gateway, consumer, query] = await Promise.all([
    launchOwnService("gateway", environment),
    launchOwnService("consumer", environment),
    launchOwnService("query", environment),
  ]);

  for (const service of [gateway, consumer, query]) {
    await waitUntilAlive(service);
    expect([service.name, await statusOf(service, "/readyz")]).toEqual([service.name, 503]);
  }
  const refused = await publish(gateway, [eventText()]);
  expect(refused).toMatchObject({ status: 503, retryAfter: expect.any(String), body: { code: "log_unreachable" } });
  expect([await statusOf(query, "/stats"), await statusOf(query, "/health")]).toEqual([503, 503]);

  await broker.restart();
  await waitUntilReady(gateway);
  const early = eventText();
  expect((await publish(gateway, [early], "respond-async")).status).toBe(202);
  expect([await statusOf(consumer, "/readyz"), await statusOf(query, "/readyz")]).toEqual([503, 503]);

  databaseProxy.heal();
  await waitUntilReady(consumer);
  await waitUntilReady(query);
  const late = await publish(gateway, [early, eventText()]);
  expect(late).toMatchObject({ status: 200, body: { accepted: 1, duplicates: 1 } });
  await waitForBooks(query, { received: 3, unique_processed: 2, duplicate_dropped: 1, queue_size: 0 });
});

test("two services of each kind start at the same time on an empty database and an empty broker", async () => {
  const { url: NATS_URL } = await startOwnBroker();
  const { url: DATABASE_URL } = await createOwnDatabase();
  const names = ["gateway", "gateway", "consumer", "consumer", "query", "query"];
  const services = await Promise.all(names.map((name) => launchOwnService(name, { NATS_URL, DATABASE_URL })));
  await Promise.all(services.map(waitUntilReady));

  const events = Array.from({ length: EVENTS }, () => eventText());
  const gateways = services.filter(({ name }) => name === "gateway");
  const answers = await Promise.all(gateways.map((gateway) => publish(gateway, events)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers.reduce((sum, { body }) => sum + (body as { accepted: number }).accepted, 0)).toBe(EVENTS);
  for (const query of services.filter(({ name }) => name === "query")) {
    await waitForBooks(query, { received: 2 * EVENTS, unique_processed: EVENTS, queue_size: 0 });
  }
});

test("consumers wait while another process migrates the database", async () => {
  const { url: NATS_URL } = await startOwnBroker();
  const { url: DATABASE_URL } = await createOwnDatabase();
  const migrating = await connectTo(DATABASE_URL);
  await migrating.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
  const consumers = await Promise.all([1, 2].map(() => launchOwnService("consumer", { NATS_URL, DATABASE_URL })));
  const countWaiting = `SELECT count(*)::int AS waiting FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await waitFor(
    "both consumers to wait for the lock",
    async () => (await migrating.query(countWaiting)).rows[0].waiting === 2,
    {
      timeoutMs: 60_000,
    },
  );
  for (const consumer of consumers) {
    expect([await statusOf(consumer, "/livez"), await statusOf(consumer, "/readyz")]).toEqual([200, 503]);
  }
  await migrating.end();
  await Promise.all(consumers.map(waitUntilReady));
  for (const consumer of consumers) expect(consumer.output()).not.toMatch(/"level":(40|50|60)/);
});

describe("this release beside a newer one", () => {
  // The migration adds everything that a release may add by the rules of schema/migrate.ts.
  const NEWER_MIGRATION = [
    "ALTER TABLE events ADD COLUMN region text",
    "ALTER TABLE topic_counters ADD COLUMN seen bigint NOT NULL DEFAULT 0",
    "CREATE INDEX events_by_region ON events (region)",
    "CREATE TABLE regions (region text PRIMARY KEY)",
    "CREATE FUNCTION apply_frames_999() RETURNS void LANGUAGE sql AS ''",
    "INSERT INTO migrations (name, applied_at) VALUES ('9999-regions', now())",
  ];

  async function startStack() {
    const { url: NATS_URL } = await startOwnBroker();
    const { url: DATABASE_URL } = await createOwnDatabase();
    const environment = { NATS_URL, DATABASE_URL };
    const consumer = await startOwnService("consumer", environment);
    const [gateway, query] = await Promise.all([
      startOwnService("gateway", environment),
      startOwnService("query", environment),
    ]);
    return { environment, consumer, gateway, query };
  }

  test("this release continues to write while a newer one migrates the database, and can start on the newer tables", async () => {
    const { environment, consumer, gateway, query } = await startStack();
    let isMigrated = false;
    let published = 0;
    const publishing = (async () => {
      for (let rest = EVENTS; rest > 0; rest -= isMigrated ? 1 : 0) {
        expect((await publish(gateway, [eventText()])).status).toBe(200);
        published++;
      }
    })();
    const migrating = await connectTo(environment.DATABASE_URL);
    await waitFor("some events to be stored", () => published > 5);
    await migrating.query(NEWER_MIGRATION.join("; "));
    isMigrated = true;
    await migrating.end();
    await publishing;

    expect(await consumer.end("SIGTERM")).toBe(0);
    await startOwnService("consumer", environment);
    // After more than five seconds without a heartbeat the gateway answers 202, until the next heartbeat arrives.
    await waitFor("the gateway to wait for verdicts again", async () => {
      published++;
      return (await publish(gateway, [eventText()])).status === 200;
    });
    await waitForBooks(query, { received: published, unique_processed: published, queue_size: 0 });
  });

  test("this release leaves frames of a newer format in the log and stores the other frames", async () => {
    const { environment, gateway, query } = await startStack();
    const newer = { "Tidemark-Frame": "999;in an unknown format", "Nats-Msg-Id": uniqueName("newer") };
    const payload = Buffer.from("in an unknown format");
    await publishNatsMessage(environment.NATS_URL, { subject: "tidemark.ingest.7", headers: newer, payload });
    for (let count = 0; count < EVENTS; count++) expect((await publish(gateway, [eventText()])).status).toBe(200);
    await waitForBooks(query, { received: EVENTS + 7, unique_processed: EVENTS, dead_lettered: 0, queue_size: 7 });
  });
});
