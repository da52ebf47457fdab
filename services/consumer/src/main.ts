//   JetStream ──frames──▶ consumer ──one transaction──▶ PostgreSQL
//       ▲ ◀──acks──────────┘ └──verdicts──▶ gateway
import { readSettings } from "@tidemark/shared/config";
import { requireDurable } from "@tidemark/shared/durability";
import { watchDurability } from "@tidemark/shared/durability-watch";
import { Unavailable } from "@tidemark/shared/errors";
import { connectJetstream } from "@tidemark/shared/event-log/jetstream-connection";
import { openJetstreamEventLog } from "@tidemark/shared/event-log/jetstream-event-log";
import { openWhenUp } from "@tidemark/shared/event-store/open-when-up";
import { openPostgresEventStore } from "@tidemark/shared/event-store/postgres-event-store";
import { registerHealth } from "@tidemark/shared/health";
import { createHttpServer } from "@tidemark/shared/http-server";
import { runProcess, settingsOrExit } from "@tidemark/shared/lifecycle";
import { createLogger } from "@tidemark/shared/log";
import { createNatsSignals } from "@tidemark/shared/signals/jetstream-signals";
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
