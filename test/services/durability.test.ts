import { randomUUID } from "node:crypto";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { createStream, silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import type { Broker } from "@tidemark/test-support/processes/nats-broker";
import { createOwnDatabase, launchOwn, startOwn, startOwnBroker } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";

const SAFE = { status: "safe", findings: [] };
vi.setConfig({ testTimeout: 120_000 }); // many processes are started

/** A database in which whoever connects commits without waiting for the disk. */
async function createLossyDatabase() {
  const database = await createOwnDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET synchronous_commit = off`);
  await client.end();
  return database;
}

describe("of the log", () => {
  test("a server that syncs always is safe, one that does not is named with the fix", async () => {
    const brokers = { always: await startOwnBroker(), "2m": await startOwnBroker({ syncInterval: "2m" }) };
    const read = async ({ url, monitorUrl }: Broker) => {
      const stream = await createStream(url);
      onTestFinished(() => stream.close());
      await stream.open();
      return readLogDurability({ connection: stream.connection, stream: stream.name, monitorUrl });
    };
    expect(await read(brokers.always)).toEqual(SAFE);
    expect(await read(brokers["2m"])).toEqual({
      status: "unsafe",
      findings: [{ part: "log", detail: expect.stringMatching(/sync_interval=120s.*set .*sync_interval: always/) }],
    });
    // The monitor of another server tells nothing of the one that holds the stream.
    expect(await read({ ...brokers["2m"], monitorUrl: brokers.always.monitorUrl })).toMatchObject({
      status: "unknown",
      findings: [{ detail: expect.stringContaining("NATS_MONITOR_URL") }],
    });
  });

  test.each([
    [undefined, "NATS_MONITOR_URL is not set"],
    ["http://127.0.0.1:1", "does not answer"],
  ])("is not known with the monitor %s", async (monitorUrl, words) => {
    const stream = await createStream(inject("natsUrl"));
    onTestFinished(() => stream.close());
    await stream.open();
    const durability = await readLogDurability({ connection: stream.connection, stream: stream.name, monitorUrl });
    expect(durability).toEqual({
      status: "unknown",
      findings: [{ part: "log", detail: expect.stringContaining(words) }],
    });
  });

  test.each([
    ["acknowledges before it writes", { persist_mode: "async" }, "persist_mode=async"],
    ["drops what is old", { max_age: 3_600e9 }, "max_age=3600s"],
    ["is in memory", { storage: "memory" }, "storage=memory"],
  ])("a stream that %s is unsafe, whatever the server does", async (_what, setting, words) => {
    const { name, connection, close } = await createStream(inject("natsUrl"));
    onTestFinished(close);
    const config = {
      name,
      subjects: [`${name}.>`],
      storage: "file",
      num_replicas: 1,
      max_bytes: 1_000_000,
      ...setting,
    };
    await connection.nats.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config));
    expect(await readLogDurability({ connection, stream: name })).toMatchObject({
      status: "unsafe",
      findings: [{ detail: expect.stringContaining(words) }],
    });
  });
});

describe("of the store", () => {
  test("PostgreSQL tells what holds for its connections", async () => {
    for (const [database, status] of [
      [await createOwnDatabase(), "safe"],
      [await createLossyDatabase(), "unsafe"],
    ] as const) {
      const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
      onTestFinished(() => store.close());
      expect((await store.readDurability()).status).toBe(status);
    }
  });

  test("SQLite is opened so that it is safe", async () => {
    const store = await openSqliteEventStore({ path: `${await createDataDir()}/${randomUUID()}.db`, logger });
    onTestFinished(() => store.close());
    expect(await store.readDurability()).toEqual(SAFE);
  });
});

describe("a service that must be durable", () => {
  const REQUIRE_DURABLE = "true";

  test("refuses to start on a broker that is not, or whose settings are not known", async () => {
    const { url, monitorUrl } = await startOwnBroker({ syncInterval: "2m" });
    const unsafe = await launchOwn("gateway", { NATS_URL: url, NATS_MONITOR_URL: monitorUrl, REQUIRE_DURABLE });
    expect(await unsafe.ended).toBe(1);
    expect(unsafe.output()).toMatch(/could not start: REQUIRE_DURABLE=true, but .*sync_interval=120s.*: set /);
    const unknown = await launchOwn("gateway", { NATS_URL: url, REQUIRE_DURABLE });
    expect(await unknown.ended).toBe(1);
    expect(unknown.output()).toContain("NATS_MONITOR_URL is not set");
  });

  test("refuses to start on a database that is not", async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const database = await createLossyDatabase();
    const consumer = await launchOwn("consumer", { NATS_URL, DATABASE_URL: database.url, REQUIRE_DURABLE });
    expect(await consumer.ended).toBe(1);
    expect(consumer.output()).toMatch(/could not start: .*synchronous_commit=off.*set synchronous_commit=on/);
  });

  test("starts where everything is", async () => {
    const { url: NATS_URL, monitorUrl: NATS_MONITOR_URL } = await startOwnBroker();
    const database = await createOwnDatabase();
    const environment = { NATS_URL, NATS_MONITOR_URL, DATABASE_URL: database.url, REQUIRE_DURABLE };
    const services = await Promise.all([startOwn("gateway", environment), startOwn("consumer", environment)]);
    for (const service of services) expect(service.output()).not.toContain('"level":40');
    const single = await startOwn("single", { DATABASE_PATH: `${await createDataDir()}/tidemark.db`, REQUIRE_DURABLE });
    const health = await (await fetch(`${single.url}/health`)).json();
    expect(health).toMatchObject({ status: "healthy", durability: SAFE });
  });
});

test("a stack that is not durable starts, and says so in its log and in /health", async () => {
  const { url: NATS_URL, monitorUrl: NATS_MONITOR_URL } = await startOwnBroker({ syncInterval: "2m" });
  const database = await createLossyDatabase();
  const environment = { NATS_URL, NATS_MONITOR_URL, DATABASE_URL: database.url };
  const names = ["gateway", "consumer", "query"];
  const [gateway, consumer, query] = await Promise.all(names.map((name) => startOwn(name, environment)));
  const warning = "confirmed events can be lost with the power";
  await waitFor("the gateway to warn", () => gateway?.output().includes(warning));
  expect(consumer?.output()).toContain(warning);
  await waitFor("both findings in /health", async () => {
    const health = await (await fetch(`${query?.url}/health`)).json();
    expect(health).toMatchObject({
      status: "healthy",
      durability: {
        status: "unsafe",
        findings: [
          { part: "log", detail: expect.stringContaining("sync_interval=120s") },
          { part: "store", detail: expect.stringContaining("synchronous_commit=off") },
        ],
      },
    });
    return true;
  });
});
