import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createOwnDatabase,
  launchOwnService,
  startOwnBroker,
  startOwnProxy,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test, vi } from "vitest";
import { backUp, inspect, restoreTo, startStack } from "./backed-up-stack.ts";
import { publishInTheBackground, readJson, WAIT } from "./backing-up.ts";

vi.setConfig({ testTimeout: 300_000 }); // each test starts two stacks

const NOW = new Date().toISOString();

/**
 * Takes a backup of a new stack under load, and lets the load continue afterwards. In the end all parts are stopped.
 */
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

test("a stack whose database is lost is restored, and the events that the log had handed over later are counted as lost", async () => {
  const { addresses, file, before, received } = await prepare();
  const other = { ...addresses, DATABASE_URL: (await createOwnDatabase()).url };

  const restore = await restoreTo(other, "--from", file);

  expect(restore).toMatchObject({ status: 0, fault: "" });
  const { last_restore: lost, received: kept } = await inspect(other, before);
  expect(lost.lost_frames).toBeGreaterThan(0);
  expect(lost.lost_events).toBe(received - kept);
});

test("a stack that lost its log and its database is restored from a backup under load, with the frames of the log", async () => {
  const { file, before } = await prepare();
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const other = { NATS_URL: broker.url, DATABASE_URL: database.url };

  const restore = await restoreTo(other, "--from", file);

  expect(restore).toMatchObject({ status: 0, fault: "" });
  const { last_restore: lost } = await inspect(other, before);
  expect(lost).toMatchObject({ lost_frames: null, lost_events: null });
});

test("a backup whose database was down holds its events as frames of the log, and restores them", async () => {
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
  const gateway = await startOwnService("gateway", addresses);
  const running = await restoreTo(addresses, "--from", file, "--replace");
  await gateway.end("SIGTERM");
  const replaced = await restoreTo(addresses, "--from", file, "--replace");

  expect([filled, running].map(({ status, fault }) => [status, fault])).toEqual([
    [2, expect.stringContaining("--replace")],
    [2, expect.stringContaining("still running: gateway")],
  ]);
  expect(replaced).toMatchObject({ status: 0, fault: "" });
});

test("a restore refuses while a consumer waits for its database", async () => {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const proxy = await startOwnProxy(database.url);
  proxy.refuse();
  const consumer = await launchOwnService("consumer", { NATS_URL: broker.url, DATABASE_URL: proxy.url });
  await expect.poll(() => consumer.output(), WAIT).toContain("retrying");

  const restore = await restoreTo({ NATS_URL: broker.url, DATABASE_URL: database.url }, "--restored-to", NOW);

  expect(restore).toMatchObject({
    status: 2,
    fault: expect.stringContaining("still running: consumer; stop all of them first"),
  });
});
