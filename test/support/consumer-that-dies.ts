/**
 * A composition root of the consumer for tests: it is killed, as by `kill -9`, at the moment it would acknowledge its
 * first delivery, that is after the commit and before the ack. Arguments: NATS URL, stream, database URL.
 */
import { startConsumer } from "../../services/consumer/src/consumer.ts";
import type { EventLog } from "../../shared/src/event-log/event-log.ts";
import { connectJetstream } from "../../shared/src/event-log/jetstream-connection.ts";
import { openJetstreamEventLog } from "../../shared/src/event-log/jetstream-event-log.ts";
import { openPostgresEventStore } from "../../shared/src/event-store/postgres-event-store.ts";
import { createNatsSignals } from "../../shared/src/signals/jetstream-signals.ts";
import { silentLog as log } from "./nats-streams.ts";

const [natsUrl = "", stream = "", databaseUrl = ""] = process.argv.slice(2);
const connection = await connectJetstream({ url: natsUrl, name: "consumer-that-dies", log });
const eventLog = await openJetstreamEventLog({ connection, stream, ackWaitMs: 1_000, log });
const store = await openPostgresEventStore({ url: databaseUrl, log, migrate: true });

const dying: EventLog = {
  maxFrameBytes: eventLog.maxFrameBytes,
  append: (frame) => eventLog.append(frame),
  look: () => eventLog.look(),
  ping: () => eventLog.ping(),
  close: () => eventLog.close(),
  take: async (limits) => {
    const deliveries = await eventLog.take(limits);
    return deliveries.map((delivery) => ({ ...delivery, ack: () => process.kill(process.pid, "SIGKILL") }));
  },
};

startConsumer({ eventLog: dying, store, signals: createNatsSignals(connection), log });
