import { startConsumer } from "@tidemark/consumer/consumer";
import type { EventLog } from "@tidemark/event-log/event-log";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createStream, silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { eventText, frameOf } from "@tidemark/event-store/contract/frames";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { readBooks } from "@tidemark/query/books/books";
import { createDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, inject, onTestFinished, test } from "vitest";

const FRAMES = 1_000;
const ROUNDS = 10;

/** Creates a frame of eight new events, a duplicate and a conflict. */
function createFrame() {
  const texts = Array.from({ length: 8 }, () => eventText());
  return frameOf([...texts, texts[0] ?? "", (texts[1] ?? "").replace('"source":"test"', '"source":"another"')]);
}

/** Returns an event log that loses every ack, and the sequences of the frames whose acks it lost. */
function loseAcks(eventLog: EventLog): { eventLog: EventLog; acked: Set<number> } {
  const acked = new Set<number>();
  const take: EventLog["take"] = async (limits) => {
    const deliveries = await eventLog.take(limits);
    return deliveries.map((delivery) => ({ ...delivery, ack: () => void acked.add(delivery.origin.sequence) }));
  };
  return { acked, eventLog: { ...eventLog, maxFrameBytes: eventLog.maxFrameBytes, take } };
}

test("ten thousand redeliveries change no count", async () => {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
  onTestFinished(() => store.close());
  const ackWaitMs = 500;
  const observedLog = await stream.open({ ackWaitMs });
  await Promise.all(Array.from({ length: FRAMES }, () => observedLog.append(createFrame())));
  const count = async () => {
    const { books, queue } = await readBooks(
      { reader: store, readLogSnapshot: () => observedLog.snapshot(), confirmedEvents: () => new Map() },
      { maxTopics: 10 },
    );
    const { stored, duplicates, conflicts, deadLettered, byTopic } = books;
    return { stored, duplicates, conflicts, deadLettered, byTopic, queued: queue?.events };
  };
  expect(await count()).toMatchObject({ stored: 0, queued: 10 * FRAMES });

  const counts = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const connection = createJetstreamConnection({ url: inject("natsUrl"), name: "losing-acks", logger });
    const { eventLog, acked } = loseAcks(await stream.open({ connection, ackWaitMs }));
    const consumer = startConsumer({ eventLog, store, signals: createNatsSignals(connection), logger });
    await waitFor("every frame to be committed", () => acked.size === FRAMES);
    await consumer.stop();
    await connection.close();
    counts.push(await count());
  }

  const [once] = counts;
  expect(once).toMatchObject({ stored: 8 * FRAMES, duplicates: 2 * FRAMES, conflicts: FRAMES, queued: 0 });
  expect(counts).toEqual(counts.map(() => once));

  const consumer = startConsumer({
    eventLog: observedLog,
    store,
    signals: createNatsSignals(stream.connection),
    logger,
  });
  onTestFinished(() => consumer.stop());
  await waitFor("every frame to leave the log", async () => (await observedLog.snapshot()).frames === 0);
  expect(await count()).toEqual(once);
});
