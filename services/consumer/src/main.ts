//   JetStream ──frames──▶ consumer ──one transaction──▶ PostgreSQL
//       ▲ ◀──acks──────────┘ └──verdicts──▶ gateway

import { requireDurable } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import { connectJetstream } from "@tidemark/event-log-jetstream/connection";
import { openJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { watchDurability } from "@tidemark/runtime/durability-watch";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { openWhenUp } from "@tidemark/runtime/open-when-up";
import { readSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";
import { MAX_BATCHES, startConsumer } from "./consumer.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { ConsumerSettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(ConsumerSettings));
const log = createLogger({ service: "consumer", level: settings.LOG_LEVEL });

// Each part of a stop waits so long for a store or a client that does not answer; four such parts leave time to spare.
const stopWaitMs = settings.SHUTDOWN_DEADLINE_MS / 5;

await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const server = createHttpServer({ log, closeWaitMs: stopWaitMs });
  onClose("server", () => server.close());
  let checkStore = async (): Promise<void> => {
    throw new Unavailable({ code: "store_unreachable", detail: "not connected yet" });
  };
  registerHealth(server, { checks: { store: () => checkStore() } });
  await server.listen({ host: settings.HOST, port: settings.PORT });

  const connection = await connectJetstream({ url: settings.NATS_URL, name: "consumer", log });
  onClose("connection", () => connection.close());
  const eventLog = await openJetstreamEventLog({
    connection,
    maxBytes: settings.LOG_MAX_BYTES,
    replicas: settings.LOG_REPLICAS,
    log,
  });

  const maxWriters = MAX_BATCHES;
  const open = () => openPostgresEventStore({ url: settings.DATABASE_URL, log, migrate: true, maxWriters });
  const store = await openWhenUp(open, log);
  onClose("store", () => store.close());
  checkStore = () => store.ping();

  const durability = await watchDurability({ read: () => store.readDurability(), log });
  onClose("durability watch", () => durability.stop());
  if (settings.REQUIRE_DURABLE) requireDurable(durability.current);

  const signals = createNatsSignals(connection);
  const consumer = startConsumer({ eventLog, store, signals, durability, log, stopWaitMs });
  onClose("consumer", () => consumer.stop());
  const housekeeping = startHousekeeping({
    store,
    readLog: () => eventLog.look(),
    duplicateLogDays: settings.DUPLICATE_LOG_DAYS,
    log,
    stopWaitMs,
  });
  onClose("housekeeping", () => housekeeping.stop());
  log.info("consuming");
});
