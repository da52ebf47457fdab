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

test("a log whose broker is not there yet answers log_unreachable, and works once the broker is there", async () => {
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

test("signals reach listeners that were added before the broker was there", async () => {
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

test("a log closes before its broker is there: takers get nothing", async () => {
  const { connection, log } = await createEarlyLog();
  onTestFinished(() => broker.restart());
  const taking = log.take(PLENTY);
  await log.close();
  await connection.close();
  expect(await taking).toEqual([]);
});

test("a log that must not open rejects what waits for it", async () => {
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

/** The place where the broker keeps consumers of a stream. A file stands there, so that it makes none, as on a full disk. */
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

test("a log waits for a broker that cannot make the consumer because its disk is full", async ({ skip }) => {
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
  opening.catch(() => undefined); // looked at below
  await Promise.race([waitFor("a word of the wait", () => warn.mock.calls.length > 0), opening]);
  await unblock();

  expect(warn.mock.lastCall?.at(-1)).toBe("log not ready, retrying");
  await expect((await opening).append(createFrame())).resolves.toMatchObject({ generation: expect.any(String) });
});

test("a deleted stream is made again, as another generation", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  await log.append(createFrame());
  const [former] = await takeAll(log, 1);
  const taking = log.take(PLENTY);
  await api(stream, `STREAM.DELETE.${stream.name}`);
  await waitFor("an append to be confirmed", () => log.append(createFrame()).then(() => true));
  const [delivery] = await taking;
  const { generation } = await log.snapshot();
  expect(delivery?.origin).toEqual({ generation, sequence: 1 });
  expect(former?.origin).not.toEqual(delivery?.origin);

  former?.ack(); // of a frame that is gone: must not touch the one that has its sequence now
  await stream.connection.nats.flush();
  expect(await log.snapshot()).toMatchObject({ frames: 1 });
});

test("a deleted consumer is made again, and deliveries continue", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  await log.append(createFrame());
  const [first] = await takeAll(log, 1);
  const { generation } = await log.snapshot();
  await api(stream, `CONSUMER.DELETE.${stream.name}.consumer-${generation}`);
  const later = createFrame();
  await log.append(later);
  // The one at hand may come again, or not while it is at hand: the new consumer may have found the old one's notes.
  first?.ack();
  const met = new Set<string | undefined>();
  while (!met.has(later.id)) {
    for (const delivery of await log.take({ maxEvents: 1, maxBytes: 1 })) {
      met.add(delivery.frame?.id);
      delivery.ack();
    }
  }
  expect([...met].every((id) => id === later.id || id === first?.frame?.id)).toBe(true);
});

test("many logs that open at the same time share one stream", async () => {
  const stream = await createTestStream();
  const logs = await Promise.all(Array.from({ length: 8 }, () => stream.open()));
  const looks = await Promise.all(logs.map((log) => log.snapshot()));
  expect(new Set(looks.map(({ generation }) => generation)).size).toBe(1);
});

test("an existing stream gets the settings of the log, and keeps its size by default", async () => {
  const stream = await createTestStream();
  const name = stream.name;
  await api(stream, `STREAM.CREATE.${name}`, {
    name,
    subjects: [`${name.toLowerCase()}.ingest.>`],
    retention: "workqueue",
    storage: "file",
    discard: "old",
    max_bytes: 5_000_000,
  });
  await createJetstreamEventLog({ connection: stream.connection, stream: name, logger: silentLogger }).opened;
  const { config } = (await api(stream, `STREAM.INFO.${name}`)).json<{ config: Record<string, unknown> }>();
  expect(config).toMatchObject({ discard: "new", max_bytes: 5_000_000, allow_direct: true });
});

test("a stream with another retention is refused", async () => {
  const stream = await createTestStream();
  await api(stream, `STREAM.CREATE.${stream.name}`, { name: stream.name, retention: "limits", storage: "file" });
  await expect(stream.open()).rejects.toThrow(/retention limits on file, which cannot be changed/);
});
