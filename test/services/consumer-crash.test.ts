import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startConsumer } from "@tidemark/consumer/consumer";
import type { VerdictMessage } from "@tidemark/event-log/signals";
import { createStream, silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { eventText, frameOf } from "@tidemark/event-store/contract/frames";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { createDatabase } from "@tidemark/test-support/databases/postgres-database";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, inject, onTestFinished, test } from "vitest";

const CRASHING_CONSUMER = fileURLToPath(new URL("./crashing-consumer.ts", import.meta.url));

test("frames of a consumer that was killed between commit and ack are redelivered without changing a count", async () => {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const eventLog = await stream.open({ ackWaitMs: 1_000 });
  const signals = createNatsSignals(stream.connection);
  const verdicts: VerdictMessage[] = [];
  signals.onVerdicts((message) => verdicts.push(message));
  const events = [eventText({ id: "a" }), eventText({ id: "b" }), eventText({ id: "a" })];
  const frame = frameOf(events, { replyTo: signals.address });
  await eventLog.append(frame);

  const args = [CRASHING_CONSUMER, inject("natsUrl"), stream.name, database.url];
  const crashing = spawn(process.execPath, args, { stdio: "inherit" });
  const [, signal] = await once(crashing, "exit");
  expect(signal).toBe("SIGKILL");

  const store = await openPostgresEventStore({ url: database.url, logger, migrate: true });
  onTestFinished(() => store.close());
  const readBooks = () => store.readBooks({ maxTopics: 10 });
  const committed = await readBooks();
  expect(committed).toMatchObject({ stored: 2, duplicates: 1 });
  expect(await eventLog.snapshot()).toMatchObject({ frames: 1, events: 3 });

  const consumer = startConsumer({ eventLog, store, signals, logger });
  onTestFinished(() => consumer.stop());
  await waitFor("the frame to leave the log", async () => (await eventLog.snapshot()).frames === 0);
  await waitFor("the verdicts of the redelivered frame", () => verdicts.length > 0);
  expect(verdicts).toEqual([{ frameId: frame.id, verdicts: "ssd" }]);
  expect(await readBooks()).toEqual(committed);
});
