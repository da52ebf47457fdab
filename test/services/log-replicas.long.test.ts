import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrame } from "@tidemark/event-log/contract/frames";
import type { EventLog } from "@tidemark/event-log/event-log";
import { readFrames, readLog } from "@tidemark/event-log-jetstream/backup/archived-frames";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createLogger } from "@tidemark/telemetry/logger";
import { startOwnCluster } from "@tidemark/test-support/processes/nats-cluster";
import { createOwnDatabase } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test, vi } from "vitest";
import { backUp, inspect, restoreTo, startStack } from "./backed-up-stack.ts";
import { publishInTheBackground, WAIT } from "./backing-up.ts";

vi.setConfig({ testTimeout: 300_000 }); // brokers elect leaders

const logger = createLogger({ service: "test", level: "silent" });

async function connectTo(url: string) {
  const connection = createJetstreamConnection({ url, name: "backup", logger });
  onTestFinished(() => connection.close());
  await connection.opened;
  return connection;
}

/** Starts a cluster, and waits until its brokers know each other and make streams with three replicas. */
async function startReadyCluster() {
  const cluster = await startOwnCluster();
  const { nats } = await connectTo(cluster.brokers[0].url);
  const probe = JSON.stringify({ name: "PROBE", subjects: ["probe"], num_replicas: 3 });
  const makeProbe = async () => (await nats.request("$JS.API.STREAM.CREATE.PROBE", probe)).json();
  await expect.poll(makeProbe, WAIT).not.toHaveProperty("error");
  await nats.request("$JS.API.STREAM.DELETE.PROBE");
  return cluster;
}

/** Appends a frame once, also while the brokers elect a leader. */
async function appendFrame(log: EventLog): Promise<void> {
  const frame = createFrame();
  await waitFor("the frame to be confirmed", () => log.append(frame), { timeoutMs: WAIT.timeout });
}

/** Reads the whole log through one broker, as a backup does. */
async function readAll(url: string, snapshot: Awaited<ReturnType<typeof readLog>>): Promise<number> {
  if (snapshot === undefined) throw new Error("there is no log");
  let frames = 0;
  for await (const _frame of readFrames(await connectTo(url), snapshot)) frames++;
  return frames;
}

test("a backup never lacks the frames that a replica of the log lacks", async () => {
  const cluster = await startReadyCluster();
  const [first, , third] = cluster.brokers;
  const connection = await connectTo(first.url);
  const api = (subject: string, request: object = {}) =>
    connection.nats.request(`$JS.API.${subject}`, JSON.stringify(request)).then((answer) => answer.json());
  const log = createJetstreamEventLog({ connection, maxBytes: 64_000_000, replicas: 3, logger });
  onTestFinished(() => log.close());
  await log.opened;
  await api("STREAM.LEADER.STEPDOWN.TIDEMARK", { placement: { preferred: "first" } });
  await expect.poll(() => api("STREAM.INFO.TIDEMARK"), WAIT).toMatchObject({ cluster: { leader: "first" } });
  for (let n = 0; n < 3; n++) await appendFrame(log);
  const before = await readLog(connection);
  await expect.poll(() => readAll(third.url, before), WAIT).toBe(3);

  cluster.cutOffThird();
  for (let n = 0; n < 2; n++) await appendFrame(log);
  const snapshot = await readLog(connection);
  const fromThird = await readAll(third.url, snapshot).catch(() => "refused");
  const fromFirst = await readAll(first.url, snapshot);
  cluster.heal();

  expect([fromThird, fromFirst]).toEqual(["refused", 5]);
  await expect.poll(() => readAll(third.url, snapshot).catch(() => "refused"), WAIT).toBe(5);
});

/** Starts a cluster and a database, and returns the addresses of a stack on them by broker. */
async function prepareAddresses() {
  const { brokers } = await startReadyCluster();
  const database = await createOwnDatabase();
  const settings = { DATABASE_URL: database.url, LOG_REPLICAS: "3" };
  const [first, second, third] = brokers;
  return {
    brokers,
    throughFirst: { ...settings, NATS_URL: first.url },
    throughSecond: { ...settings, NATS_URL: second.url },
    throughThird: { ...settings, NATS_URL: third.url },
  };
}

test("a stack whose log has three replicas is restored into another, and loses nothing when a broker ends then", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, "stack.backup");
  const [old, other] = [await prepareAddresses(), await prepareAddresses()];
  const stack = await startStack(old.throughFirst);
  const load = publishInTheBackground(stack.gateway.url);
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(1_000);
  await stack.consumer.end("SIGTERM"); // from now on the events wait in the log
  const reached = load.confirmed.length;
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(reached + 500);
  const before = [...load.confirmed];

  const backup = await backUp(file, old.throughThird);
  await load.stop();
  await stack.stop();
  const restore = await restoreTo(other.throughSecond, "--from", file);
  await other.brokers[2].kill();

  expect([backup, restore]).toMatchObject([
    { status: 0, fault: "" },
    { status: 0, fault: "" },
  ]);
  await inspect(other.throughFirst, before);
});
