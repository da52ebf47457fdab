/**
 * A composition root of a consumer that kills itself, as `kill -9` does, after the commit of its first delivery and
 * before the ack. Arguments: NATS URL, stream, database URL.
 */
import { startConsumer } from "@tidemark/consumer/consumer";
import type { EventLog } from "@tidemark/event-log/event-log";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { silentLogger as logger } from "@tidemark/event-log-jetstream/fixture/nats-streams";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";

const [natsUrl = "", stream = "", databaseUrl = ""] = process.argv.slice(2);
const connection = createJetstreamConnection({ url: natsUrl, name: "consumer", logger });
const eventLog = createJetstreamEventLog({ connection, stream, ackWaitMs: 1_000, logger });
const store = await openPostgresEventStore({ url: databaseUrl, logger, migrate: true });

const crashing: EventLog = {
  maxFrameBytes: eventLog.maxFrameBytes,
  append: (frame) => eventLog.append(frame),
  snapshot: () => eventLog.snapshot(),
  ping: () => eventLog.ping(),
  close: () => eventLog.close(),
  take: async (limits) => {
    const deliveries = await eventLog.take(limits);
    return deliveries.map((delivery) => ({ ...delivery, ack: () => process.kill(process.pid, "SIGKILL") }));
  },
};

startConsumer({ eventLog: crashing, store, signals: createNatsSignals(connection), logger });
