import { randomUUID } from "node:crypto";
import { startConsumer } from "@tidemark/consumer/consumer";
import { encodeFrameHeader } from "@tidemark/domain/frame";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { VerdictMessage } from "@tidemark/event-log/signals";
import { createStream, silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { eventText, frameOf } from "@tidemark/event-store/contract/frames";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { readBooks } from "@tidemark/query/books/books";
import { publishNatsMessage } from "@tidemark/test-support/clients/nats-protocol";
import { createDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, inject, onTestFinished, test } from "vitest";

async function openStack() {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
  onTestFinished(() => store.close());
  const eventLog = await stream.open({ ackWaitMs: 1_000 });
  const signals = createNatsSignals(stream.connection);
  const verdicts: VerdictMessage[] = [];
  signals.onVerdicts((message) => verdicts.push(message));
  const publish = (subject: string, headers: Record<string, string>, payload: Buffer) =>
    publishNatsMessage(inject("natsUrl"), {
      subject: `${stream.name.toLowerCase()}.ingest.${subject}`,
      headers,
      payload,
    });
  const start = (consumedLog: EventLog = eventLog) => startConsumer({ eventLog: consumedLog, store, signals, logger });
  return { eventLog, store, signals, verdicts, publish, start };
}

/** Returns an event log in which the first ack of each frame redelivers the frame instead. */
function redeliverOnce(eventLog: EventLog): EventLog {
  const redelivered = new Set<number>();
  const take: EventLog["take"] = async (limits) => {
    const deliveries = await eventLog.take(limits);
    return deliveries.map((delivery) => {
      const { sequence } = delivery.origin;
      if (redelivered.has(sequence)) return delivery;
      redelivered.add(sequence);
      return { ...delivery, ack: () => delivery.retry(0) };
    });
  };
  return { ...eventLog, maxFrameBytes: eventLog.maxFrameBytes, take };
}

test("damaged frames become dead letters and intact frames are stored, each once, while received never falls", async () => {
  const { eventLog, store, signals, verdicts, publish, start } = await openStack();
  const createIntactFrame = () => frameOf([eventText(), eventText()], { replyTo: signals.address });
  const miscounted = createIntactFrame();
  const binary = Buffer.from([0xff, 0x00]);
  const cut = frameOf([], { requests: [4], replyTo: signals.address, events: Buffer.from('[{"topic":') });
  await eventLog.append(createIntactFrame());
  await publish(
    "3",
    { "Nats-Msg-Id": miscounted.id, "Tidemark-Frame": encodeFrameHeader(miscounted) },
    miscounted.events,
  );
  await publish("5", {}, binary);
  await publish("nothing", { "Nats-Msg-Id": randomUUID() }, Buffer.from("hello"));
  await eventLog.append(cut);
  await eventLog.append(createIntactFrame());

  const received: number[] = [];
  const readCounts = async () => {
    const { books, queue } = await readBooks(
      { reader: store, readLogSnapshot: () => eventLog.snapshot(), confirmedEvents: () => new Map() },
      { maxTopics: 10 },
    );
    const { stored, duplicates, deadLettered } = books;
    received.push(stored + duplicates + deadLettered + (queue?.events ?? Number.NaN));
    return { stored, duplicates, deadLettered, queued: queue?.events };
  };
  expect(await readCounts()).toMatchObject({ stored: 0, queued: 16 });
  const consumer = start(redeliverOnce(eventLog));
  onTestFinished(() => consumer.stop());
  await waitFor("the log to be empty", async () => {
    await readCounts();
    return (await eventLog.snapshot()).frames === 0;
  });

  expect(await readCounts()).toEqual({ stored: 4, duplicates: 0, deadLettered: 12, queued: 0 });
  expect(new Set(received)).toEqual(new Set([16]));
  const { deadLetters } = await store.listDeadLetters({ limit: 100 });
  expect(deadLetters.map(({ events }) => events).toSorted()).toEqual([0, 3, 4, 5]);
  expect(deadLetters.every(({ code }) => code === "damaged_frame")).toBe(true);
  const contents = deadLetters.map(({ content }) => content);
  expect(contents).toContain("hello");
  expect(contents).toContain(miscounted.events.toString());
  expect(contents).toContain(binary.toString("base64"));
  expect(contents).toContain(cut.events.toString());
  // Each delivery sends the verdicts, and they are the same both times.
  const verdictsFor = (id: string) =>
    verdicts.filter(({ frameId }) => frameId === id).map((message) => message.verdicts);
  await waitFor("all verdicts", () => verdicts.length === 8);
  expect([verdictsFor(miscounted.id), verdictsFor(cut.id)]).toEqual([
    ["xxx", "xxx"],
    ["xxxx", "xxxx"],
  ]);
});

test("a frame of a newer format stays in the log while other frames are stored", async () => {
  const { eventLog, store, publish, start } = await openStack();
  const newer = frameOf([eventText()]);
  await publish(
    "1",
    { "Nats-Msg-Id": newer.id, "Tidemark-Frame": `2${encodeFrameHeader(newer).slice(1)}` },
    newer.events,
  );
  await eventLog.append(frameOf([eventText()]));

  const consumer = start();
  onTestFinished(() => consumer.stop());

  await waitFor("the other frame to leave the log", async () => (await eventLog.snapshot()).frames === 1);
  expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 1, deadLettered: 0 });
  expect(await store.findFrame(newer.id)).toBeUndefined();
});
