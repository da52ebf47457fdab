import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFrame, takeAll } from "@tidemark/event-log/contract/frames";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import { type Broker, startBroker } from "@tidemark/test-support/processes/nats-broker";
import { waitFor } from "@tidemark/test-support/wait-for";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createStream, createStreamName, type StreamUnderTest, silentLogger } from "./fixture/nats-streams.ts";
import { createJetstreamEventLog } from "./jetstream-event-log.ts";
import { createNatsSignals } from "./jetstream-signals.ts";

const PLENTY = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 };
let broker: Broker;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());

async function createTestStream(): Promise<StreamUnderTest> {
  const stream = await createStream(broker.url);
  onTestFinished(() => stream.close());
  return stream;
}

function api(stream: StreamUnderTest, subject: string, request: object = {}) {
  return stream.connection.nats.request(`$JS.API.${subject}`, JSON.stringify(request), { timeout: 5_000 });
}

test("a log that is too large for the broker names the settings to change", async () => {
  const stream = await createStream(broker.url, { maxBytes: 1e15 });
  onTestFinished(() => stream.close());
  await expect(stream.open()).rejects.toThrow(/lower LOG_MAX_BYTES/);
});

test("a limit that was set on the size of messages is removed again", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  const info = await api(stream, `STREAM.INFO.${stream.name}`);
  const { config } = info.json<{ config: object }>();
  await api(stream, `STREAM.UPDATE.${stream.name}`, { ...config, max_msg_size: 300 });
  const frame = createFrame({ events: Buffer.from(JSON.stringify([{ padding: "x".repeat(1_000) }])) });
  await expect(log.append(frame)).rejects.toMatchObject({ code: "log_unreachable" });
  await waitFor("the frame to be taken", () =>
    log.append(frame).then(
      () => true,
      () => false,
    ),
  );
  expect(await log.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test("a restarted broker takes a frame again that has left it, although its window for duplicates has not passed", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  const frame = createFrame();
  await log.append(frame);
  for (const { ack } of await log.take(PLENTY)) ack();
  await waitFor("the frame to leave", async () => (await log.snapshot()).frames === 0);
  await log.append(frame);
  expect(await log.snapshot()).toMatchObject({ frames: 0, lastSequence: 1 });

  await broker.kill();
  await broker.restart();
  await waitFor("the broker to take the frame", () =>
    log.append(frame).then(
      () => true,
      () => false,
    ),
  );

  expect(await log.snapshot()).toMatchObject({ frames: 1, lastSequence: 2 });
});

test("every confirmed frame survives a kill -9 of the broker, and the log continues by itself", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  const confirmed: string[] = [];
  const unknown: string[] = [];
  let isDone = false;
  onTestFinished(() => {
    isDone = true;
  });
  const appending = (async () => {
    while (!isDone) {
      const frame = createFrame();
      await log.append(frame).then(
        () => confirmed.push(frame.id),
        (error) => {
          expect(error).toMatchObject({ name: "Unavailable" });
          if (error.code === "outcome_unknown") unknown.push(frame.id);
          else expect(error.code).toBe("log_unreachable");
        },
      );
      await new Promise(setImmediate);
    }
  })();
  await waitFor("some frames to be confirmed", () => confirmed.length > 50);
  await broker.kill();
  await stream.connection.lost();
  await expect(log.append(createFrame())).rejects.toMatchObject({ code: "log_unreachable" });
  await expect(log.snapshot()).rejects.toMatchObject({ code: "log_unreachable" });
  await expect(log.ping()).rejects.toMatchObject({ code: "log_unreachable" });
  const before = confirmed.length;
  await broker.restart();
  await waitFor("more frames to be confirmed", () => confirmed.length > before + 50);
  isDone = true;
  await appending;

  const { frames } = await log.snapshot();
  const held = (await takeAll(log, frames)).map(({ frame }) => frame.id);
  expect(confirmed.filter((id) => !held.includes(id))).toEqual([]);
  expect(held.filter((id) => !confirmed.includes(id) && !unknown.includes(id))).toEqual([]);
  expect(new Set(held).size).toBe(held.length);
});

test("a waiting take gets frames after the broker was killed and restarted", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  const taking = log.take(PLENTY);
  await waitFor("the take to wait at the broker", async () => {
    const reply = await api(stream, `CONSUMER.LIST.${stream.name}`);
    return reply.json<{ consumers: { num_waiting: number }[] }>().consumers[0]?.num_waiting === 1;
  });
  await broker.kill();
  await stream.connection.lost();
  await broker.restart();
  await stream.connection.connected();
  const frame = createFrame();
  await waitFor("an append to be confirmed", () => log.append(frame).then(() => true));
  expect((await taking).map((delivery) => delivery.frame?.id)).toEqual([frame.id]);
});

/** A log whose broker is not there yet. */
async function createEarlyLog() {
  await broker.kill();
  const connection = createJetstreamConnection({ url: broker.url, name: "early", logger: silentLogger });
  onTestFinished(() => connection.close());
  const stream = createStreamName();
  const log = createJetstreamEventLog({ connection, stream, maxBytes: 1_000_000, logger: silentLogger });
  onTestFinished(() => log.close());
  return { connection, log };
}

test("a log answers log_unreachable until its broker starts, and then works", async () => {
  const { log } = await createEarlyLog();
  await expect(log.append(createFrame())).rejects.toMatchObject({ code: "log_unreachable" });
  await expect(log.snapshot()).rejects.toMatchObject({ code: "log_unreachable" });
  await expect(log.ping()).rejects.toMatchObject({ code: "log_unreachable" });
  const taking = log.take(PLENTY);

  await broker.restart();
  await log.opened;
  const frame = createFrame();
  await log.append(frame);
  expect((await taking).map((delivery) => delivery.frame?.id)).toEqual([frame.id]);
});

test("signals reach listeners that were added before the broker started", async () => {
  const { connection } = await createEarlyLog();
  const signals = createNatsSignals(connection);
  const heard: unknown[] = [];
  signals.onVerdicts((message) => heard.push(message));
  signals.sendVerdicts(signals.address, { frameId: "too early", verdicts: "s" });

  await broker.restart();
  await connection.opened;
  await connection.nats.flush();
  signals.sendVerdicts(signals.address, { frameId: "a", verdicts: "s" });
  await waitFor("the verdicts", () => heard.length > 0);
  expect(heard).toEqual([{ frameId: "a", verdicts: "s" }]);
});

test("a log can be closed before its broker starts, and its takers then get nothing", async () => {
  const { connection, log } = await createEarlyLog();
  onTestFinished(() => broker.restart());
  const taking = log.take(PLENTY);
  await log.close();
  await connection.close();
  expect(await taking).toEqual([]);
});

test("a log that must not open rejects every call that waits for it", async () => {
  const { connection } = await createTestStream();
  const log = createJetstreamEventLog({
    connection,
    stream: createStreamName(),
    maxBytes: 1_000_000,
    beforeOpen: async () => {
      throw new Error("not durable");
    },
    logger: silentLogger,
  });
  await expect(Promise.all([log.opened, log.take(PLENTY)])).rejects.toThrow("not durable");
  await expect(log.append(createFrame())).rejects.toMatchObject({ code: "log_unreachable" });
});

/**
 * The path of the directory in which the broker keeps the consumers of a stream. A file at this path prevents new
 * consumers, like a full disk.
 */
async function blockConsumers(dataDir: string, stream: string): Promise<{ unblock: () => Promise<void> }> {
  const place = join(dataDir, "jetstream", "jetstream", "$G", "streams", stream, "obs");
  await rename(place, `${place}.aside`);
  await writeFile(place, "");
  return {
    async unblock() {
      await rm(place);
      await rename(`${place}.aside`, place);
    },
  };
}

test("a log waits for a broker that cannot create the consumer because its disk is full", async ({ skip }) => {
  const binary = await findNatsServer().catch(() => skip("the files of a broker in a container are out of reach"));
  const dataDir = await createDataDir();
  const local = await startNatsServer({ binary, dataDir, isTemporary: true });
  onTestFinished(() => local.stop());
  const stream = await createStream(local.url);
  onTestFinished(() => stream.close());
  const name = stream.name;
  const subjects = [`${name.toLowerCase()}.ingest.>`];
  await api(stream, `STREAM.CREATE.${name}`, { name, subjects, retention: "workqueue", storage: "file" });
  const { unblock } = await blockConsumers(dataDir, name);
  const log = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(log, "warn");

  const opening = stream.open({ logger: log });
  opening.catch(() => undefined); // examined below
  await Promise.race([waitFor("a word of the wait", () => warn.mock.calls.length > 0), opening]);
  await unblock();

  expect(warn.mock.lastCall?.at(-1)).toBe("log not ready, retrying");
  await expect((await opening).append(createFrame())).resolves.toMatchObject({ generation: expect.any(String) });
});
