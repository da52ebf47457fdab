import { randomUUID } from "node:crypto";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { createStream, silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import type { Broker } from "@tidemark/test-support/processes/nats-broker";
import {
  createOwnDatabase,
  launchOwnService,
  startOwnBroker,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";

const SAFE = { status: "safe", findings: [] };
vi.setConfig({ testTimeout: 120_000 }); // many processes are started

/** Creates a database whose sessions commit without waiting for the disk. */
async function createLossyDatabase() {
  const database = await createOwnDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET synchronous_commit = off`);
  await client.end();
  return database;
}

describe("durability of the log", () => {
  test("a broker with sync_interval always is safe, and otherwise the finding names the setting to change", async () => {
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
    // The monitor of another server does not describe the server that holds the stream.
    expect(await read({ ...brokers["2m"], monitorUrl: brokers.always.monitorUrl })).toMatchObject({
      status: "unknown",
      findings: [{ detail: expect.stringContaining("NATS_MONITOR_URL") }],
    });
  });

  test.each([
    [undefined, "NATS_MONITOR_URL is not set"],
    ["http://127.0.0.1:1", "does not answer"],
  ])("the durability of the log is unknown with the monitor %s", async (monitorUrl, words) => {
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
    ["drops old messages", { max_age: 3_600e9 }, "max_age=3600s"],
    ["is in memory", { storage: "memory" }, "storage=memory"],
  ])("a stream that %s is unsafe even on a safe broker", async (_what, setting, words) => {
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

describe("durability of the store", () => {
  test("the durability of PostgreSQL is that of the store's connections", async () => {
    for (const [database, status] of [
      [await createOwnDatabase(), "safe"],
      [await createLossyDatabase(), "unsafe"],
    ] as const) {
      const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
      onTestFinished(() => store.close());
      expect((await store.readDurability()).status).toBe(status);
    }
  });

  test("a SQLite store is opened with safe settings", async () => {
    const store = await openSqliteEventStore({ path: `${await createDataDir()}/${randomUUID()}.db`, logger });
    onTestFinished(() => store.close());
    expect(await store.readDurability()).toEqual(SAFE);
  });
});

describe("REQUIRE_DURABLE", () => {
  const REQUIRE_DURABLE = "true";

  test("a service with REQUIRE_DURABLE refuses to start on a broker that is unsafe or whose settings are unknown", async () => {
    const { url, monitorUrl } = await startOwnBroker({ syncInterval: "2m" });
    const unsafe = await launchOwnService("gateway", { NATS_URL: url, NATS_MONITOR_URL: monitorUrl, REQUIRE_DURABLE });
    const unknown = await launchOwnService("gateway", { NATS_URL: url, REQUIRE_DURABLE });
    expect(await unsafe.ended).toBe(1);
    expect(unsafe.output()).toMatch(/could not start: REQUIRE_DURABLE=true, but .*sync_interval=120s.*: set /);
    expect(await unknown.ended).toBe(1);
    expect(unknown.output()).toContain("NATS_MONITOR_URL is not set");
  });

  test("a service with REQUIRE_DURABLE refuses to start on an unsafe database", async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const database = await createLossyDatabase();
    const consumer = await launchOwnService("consumer", { NATS_URL, DATABASE_URL: database.url, REQUIRE_DURABLE });
    expect(await consumer.ended).toBe(1);
    expect(consumer.output()).toMatch(/could not start: .*synchronous_commit=off.*set synchronous_commit=on/);
  });

  test("services with REQUIRE_DURABLE start on a safe broker and a safe database", async () => {
    const { url: NATS_URL, monitorUrl: NATS_MONITOR_URL } = await startOwnBroker();
    const database = await createOwnDatabase();
    const environment = { NATS_URL, NATS_MONITOR_URL, DATABASE_URL: database.url, REQUIRE_DURABLE };
    const [single, ...services] = await Promise.all([
      startOwnService("single", { DATABASE_PATH: `${await createDataDir()}/tidemark.db`, REQUIRE_DURABLE }),
      startOwnService("gateway", environment),
      startOwnService("consumer", environment),
    ]);
    for (const service of services) expect(service.output()).not.toContain('"level":40');
    const health = await (await fetch(`${single.url}/health`)).json();
    expect(health).toMatchObject({ status: "healthy", durability: SAFE });
  });
});

test("a stack that is not durable starts, and warns in its logger output and in /health", async () => {
  const { url: NATS_URL, monitorUrl: NATS_MONITOR_URL } = await startOwnBroker({ syncInterval: "2m" });
  const database = await createLossyDatabase();
  const environment = { NATS_URL, NATS_MONITOR_URL, DATABASE_URL: database.url };
  const names = ["gateway", "consumer", "query"];
  const [gateway, consumer, query] = await Promise.all(names.map((name) => startOwnService(name, environment)));
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
