import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startConsumer } from "@tidemark/consumer/consumer";
import { countEvents, encodeFrameHeader, type Frame } from "@tidemark/domain/frame";
import type { EventLog } from "@tidemark/event-log/event-log";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import {
  createStream,
  silentLogger as logger,
  type StreamUnderTest,
} from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { eventText, frameOf } from "@tidemark/event-store/contract/frames";
import type { EventStore } from "@tidemark/event-store/event-store";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { readBooks } from "@tidemark/query/books/books";
import { publishNatsMessage } from "@tidemark/test-support/clients/nats-protocol";
import { createDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, inject, onTestFinished, test } from "vitest";

const CRASHING_CONSUMER = fileURLToPath(new URL("./crashing-consumer.ts", import.meta.url));

async function openStream(): Promise<{ stream: StreamUnderTest; eventLog: EventLog }> {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  return { stream, eventLog: await stream.open({ ackWaitMs: 1_000 }) };
}

async function openDatabase() {
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const open = async () => {
    const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
    onTestFinished(() => store.close());
    return store;
  };
  return { url: database.url, store: await open(), open };
}

type Store = Awaited<ReturnType<typeof openPostgresEventStore>>;

/** Starts a consumer on a new connection. */
async function consume(stream: StreamUnderTest, store: Store) {
  const connection = createJetstreamConnection({ url: inject("natsUrl"), name: "consumer", logger });
  const eventLog = await stream.open({ connection, ackWaitMs: 1_000 });
  const consumer = startConsumer({ eventLog, store, signals: createNatsSignals(connection), logger });
  onTestFinished(async () => {
    await consumer.stop();
    await connection.close();
  });
  return consumer;
}

async function readDrift(eventLog: EventLog, reader: EventStore) {
  const { drift, queued } = await readWitnessed(eventLog, reader, new Map());
  return { drift, queued };
}

/** @param confirmed the number of events that the log has confirmed, by its generation */
async function readWitnessed(eventLog: EventLog, reader: EventStore, confirmed: ReadonlyMap<string, number>) {
  const sources = { reader, readLogSnapshot: () => eventLog.snapshot(), confirmedEvents: () => new Map(confirmed) };
  const { drift, queue, witness } = await readBooks(sources, { maxTopics: 0 });
  return { drift, queued: queue?.events, unconfirmed: witness?.unconfirmed };
}

/** Appends a frame like a gateway, and counts the confirmed events. */
async function appendAndCount(eventLog: EventLog, frame: Frame, confirmed: Map<string, number>): Promise<void> {
  const { generation } = await eventLog.append(frame);
  confirmed.set(generation, (confirmed.get(generation) ?? 0) + countEvents(frame));
}

function createFrame(): Frame {
  const event = eventText();
  return frameOf([event, eventText(), event]);
}

/** Appends a frame again under another message id or with another header, so that the broker stores it again. */
function appendAgain(stream: StreamUnderTest, frame: Frame, headers: Record<string, string>): Promise<unknown> {
  return publishNatsMessage(inject("natsUrl"), {
    subject: `${stream.name.toLowerCase()}.ingest.3`,
    headers: { "Tidemark-Frame": encodeFrameHeader(frame), ...headers },
    payload: frame.events,
  });
}

test("the books never drift and miss no confirmed event while frames are stored, repeated or damaged, and consumers start and stop", async () => {
  const { stream, eventLog } = await openStream();
  const { store, open } = await openDatabase();
  await consume(stream, store);
  const drifts = new Set<number | undefined>();
  const confirmed = new Map<string, number>();
  let leastUnconfirmed = 0;
  let isAppending = true;
  const appending = (async () => {
    for (let round = 0; round < 30; round++) {
      const frames = Array.from({ length: 10 }, createFrame);
      await Promise.all(frames.map((frame) => appendAndCount(eventLog, frame, confirmed)));
      const [first, second] = frames as [Frame, Frame];
      await appendAgain(stream, first, { "Nats-Msg-Id": `again-${round}` });
      await appendAgain(stream, second, { "Nats-Msg-Id": `damaged-${round}`, "Tidemark-Frame": "nonsense" });
      if (round % 10 === 5) await (await consume(stream, await open())).stop();
    }
  })().finally(() => {
    isAppending = false;
  });

  while (isAppending) {
    const { drift, unconfirmed = 0 } = await readWitnessed(eventLog, store, confirmed);
    drifts.add(drift);
    leastUnconfirmed = Math.min(leastUnconfirmed, unconfirmed);
  }
  await appending;
  await waitFor("the log to be empty", async () => (await readDrift(eventLog, store)).queued === 0);

  drifts.delete(undefined); // the log changed too fast for an exact figure
  expect([...drifts]).toEqual([0]);
  expect(await readDrift(eventLog, store)).toEqual({ drift: 0, queued: 0 });
  await waitFor("the last frame to leave", async () => (await eventLog.snapshot()).frames === 0);
  expect(await eventLog.snapshot()).toMatchObject({ removed: 30 * 12 });
  expect(leastUnconfirmed).toBe(0);
  // Only the damaged frames were appended without a gateway. A frame that was appended again counts once.
  expect(await readWitnessed(eventLog, store, confirmed)).toEqual({ drift: 0, queued: 0, unconfirmed: 30 * 3 });
});

test("the books do not drift when a consumer is killed between commit and ack", async () => {
  const { stream, eventLog } = await openStream();
  const { url, store } = await openDatabase();
  await eventLog.append(createFrame());

  const crashing = spawn(process.execPath, [CRASHING_CONSUMER, inject("natsUrl"), stream.name, url]);
  await once(crashing, "exit");

  expect(await eventLog.snapshot()).toMatchObject({ frames: 1, removed: 0 });
  expect(await readDrift(eventLog, store)).toEqual({ drift: 0, queued: 0 });
  await consume(stream, store);
  await waitFor("the frame to leave the log", async () => (await eventLog.snapshot()).removed === 1);
  expect(await readDrift(eventLog, store)).toEqual({ drift: 0, queued: 0 });
});

test("the books do not drift after the stream was deleted and created again", async () => {
  const { stream, eventLog } = await openStream();
  const { store } = await openDatabase();
  await consume(stream, store);
  const confirmed = new Map<string, number>();
  const frames = Array.from({ length: 5 }, createFrame);
  for (const frame of frames) await appendAndCount(eventLog, frame, confirmed);
  await waitFor("the frames to leave the log", async () => (await eventLog.snapshot()).removed === 5);

  await stream.connection.nats.request(`$JS.API.STREAM.DELETE.${stream.name}`);
  const storedBefore = frames[0] as Frame;
  await waitFor("the new stream to accept a frame", () => eventLog.append(storedBefore).then(() => true));
  await eventLog.ping(); // the process that appends learns of the new generation, even if another process created it
  await appendAndCount(eventLog, createFrame(), confirmed);

  await waitFor("both frames to leave the log", async () => (await eventLog.snapshot()).removed === 2);
  expect(await readWitnessed(eventLog, store, confirmed)).toEqual({ drift: 0, queued: 0, unconfirmed: 0 });
});

test("drift counts the frames that left the log and are not in this store", async () => {
  const { stream, eventLog } = await openStream();
  const firstDatabase = await openDatabase();
  const consumer = await consume(stream, firstDatabase.store);
  const confirmed = new Map<string, number>();
  for (let count = 0; count < 3; count++) await appendAndCount(eventLog, createFrame(), confirmed);
  await waitFor("the frames to leave the log", async () => (await eventLog.snapshot()).removed === 3);
  await consumer.stop();

  const { store } = await openDatabase();
  await eventLog.append(createFrame());
  expect(await readWitnessed(eventLog, store, confirmed)).toEqual({ drift: 3, queued: 3, unconfirmed: 3 - 9 });

  await stream.connection.nats.request(`$JS.API.STREAM.PURGE.${stream.name}`);
  expect(await readDrift(eventLog, store)).toEqual({ drift: 4, queued: 0 });
  expect(await readDrift(eventLog, firstDatabase.store)).toEqual({ drift: 1, queued: 0 });
});
