import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { createOwnDatabase, startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test, vi } from "vitest";
import { publishInTheBackground, readJson, runAdmin, storedIds, WAIT } from "./backing-up.ts";

interface Addresses {
  NATS_URL: string;
  DATABASE_URL: string;
}

vi.setConfig({ testTimeout: 300_000 }); // each test starts two stacks

const LOG_MAX_BYTES = "64000000"; // of the brokers of tests

async function startStack(addresses: Addresses) {
  const settings = { ...addresses, LOG_MAX_BYTES };
  const consumer = await startOwnService("consumer", settings);
  const [gateway, query] = await Promise.all([
    startOwnService("gateway", settings),
    startOwnService("query", settings),
  ]);
  return {
    gateway,
    consumer,
    url: query.url,
    stop: () => Promise.all([gateway, consumer, query].map((part) => part.end("SIGTERM"))),
  };
}

/** With the rights that a backup has in the composed stack. */
function backUp(file: string, addresses: Addresses) {
  return runAdmin("backup", ["--to", file], { ...addresses, NATS_URL: natsUrlOfPart(addresses.NATS_URL, "backup") });
}

function restoreTo(addresses: Addresses, ...args: string[]) {
  const settings = { ...addresses, LOG_MAX_BYTES, NATS_URL: natsUrlOfPart(addresses.NATS_URL, "restore") };
  return runAdmin("restore", args, settings);
}

/** Takes a backup under load of a new stack, and lets the load continue afterwards. All parts are stopped in the end. */
async function prepare() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const addresses = { NATS_URL: broker.url, DATABASE_URL: database.url };
  const stack = await startStack(addresses);
  const load = publishInTheBackground(stack.gateway.url);
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(2_000);
  const before = [...load.confirmed];
  const file = join(directory, "stack.backup");

  const backup = await backUp(file, addresses);

  expect(backup).toMatchObject({ status: 0, fault: "" });
  const reached = load.confirmed.length;
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(reached + 500);
  await load.stop();
  await expect.poll(() => readJson(`${stack.url}/stats`), WAIT).toMatchObject({ queue_size: 0, drift: 0 });
  const received = Number((await readJson(`${stack.url}/stats`)).received);
  await stack.stop();
  return { addresses, file, before, received };
}

/** Starts the stack and compares it with the events that were confirmed before the backup. */
async function inspect(addresses: Addresses, before: string[]) {
  const stack = await startStack(addresses);
  await expect.poll(() => readJson(`${stack.url}/stats`), WAIT).toMatchObject({ queue_size: 0 });
  const ids = await storedIds(stack.url);
  const stored = new Set(ids);
  expect(stored.size).toBe(ids.length);
  expect(before.filter((id) => !stored.has(id))).toEqual([]);
  expect(await readJson(`${stack.url}/audit`)).toMatchObject({ balanced: true });
  const stats = await readJson(`${stack.url}/stats`);
  expect(stats).toMatchObject({ drift: 0, queue_size: 0 });
  expect(Number(stats.unconfirmed)).toBeGreaterThanOrEqual(0);
  await expect.poll(() => readJson(`${stack.url}/health`), WAIT).toMatchObject({ status: "healthy" });
  const load = publishInTheBackground(stack.gateway.url, "after");
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(100);
  await load.stop();
  await expect.poll(() => readJson(`${stack.url}/stats`), WAIT).toMatchObject({ queue_size: 0, drift: 0 });
  return stats as { last_restore: { lost_events: number; lost_frames: number }; received: number };
}

test("a stack whose database is lost is restored, and the events that the log had handed over later are counted as lost", async () => {
  const { addresses, file, before, received } = await prepare();
  const other = { ...addresses, DATABASE_URL: (await createOwnDatabase()).url };

  const restore = await restoreTo(other, "--from", file);

  expect(restore).toMatchObject({ status: 0, fault: "" });
  const { last_restore: lost, received: kept } = await inspect(other, before);
  expect(lost.lost_frames).toBeGreaterThan(0);
  expect(lost.lost_events).toBe(received - kept);
});

test("a stack that is lost whole is restored from a backup under load, with the frames of the log", async () => {
  const { file, before } = await prepare();
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const other = { NATS_URL: broker.url, DATABASE_URL: database.url };

  const restore = await restoreTo(other, "--from", file);

  expect(restore).toMatchObject({ status: 0, fault: "" });
  const { last_restore: lost } = await inspect(other, before);
  expect(lost).toMatchObject({ lost_frames: null, lost_events: null });
});

test("a backup whose database was away holds its events as frames of the log, and restores them", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const addresses = { NATS_URL: broker.url, DATABASE_URL: database.url };
  const stack = await startStack(addresses);
  await stack.consumer.end("SIGTERM");
  const load = publishInTheBackground(stack.gateway.url);
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(500);
  await load.stop();
  const file = join(directory, "stack.backup");
  await backUp(file, addresses);
  await stack.stop();
  const [otherBroker, otherDatabase] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const other = { NATS_URL: otherBroker.url, DATABASE_URL: otherDatabase.url };

  await restoreTo(other, "--from", file);

  const { received } = await inspect(other, load.confirmed);
  expect(received).toBeGreaterThanOrEqual(load.confirmed.length);
});

test("a stack whose log is lost gets the frames of the backup back, and no event counts twice", async () => {
  const { addresses, file, before, received } = await prepare();
  const other = { ...addresses, NATS_URL: (await startOwnBroker()).url };

  const restore = await restoreTo(other, "--from", file, "--log-only");

  expect(restore).toMatchObject({ status: 0, fault: "" });
  const stats = await inspect(other, before);
  expect(stats.received).toBe(received);
});

test("a restore refuses while a part of the stack runs, and a database that holds events", async () => {
  const { addresses, file } = await prepare();

  const filled = await restoreTo(addresses, "--from", file);
  const gateway = await startOwnService("gateway", { ...addresses, LOG_MAX_BYTES });
  const running = await restoreTo(addresses, "--from", file, "--replace");
  await gateway.end("SIGTERM");
  const replaced = await restoreTo(addresses, "--from", file, "--replace");

  expect([filled, running].map(({ status, fault }) => [status, fault])).toEqual([
    [2, expect.stringContaining("--replace")],
    [2, expect.stringContaining("a gateway is running")],
  ]);
  expect(replaced).toMatchObject({ status: 0, fault: "" });
});
