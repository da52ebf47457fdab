//   JetStream ──frames──▶ consumer ──one transaction──▶ PostgreSQL
//       ▲ ◀──acks──────────┘ └──verdicts──▶ gateway

import { requireDurable } from "@tidemark/domain/durability";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { answerStoreCommands } from "@tidemark/event-log-jetstream/store-commands";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { startDurabilityWatch } from "@tidemark/runtime/durability-watch";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { startMetricsServer } from "@tidemark/runtime/metrics/serve-metrics";
import { openTracer } from "@tidemark/runtime/open-tracer";
import { openWhenUp, pingOnceOpen } from "@tidemark/runtime/open-when-up";
import { readSettings } from "@tidemark/runtime/read-settings";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";
import { createProcessMetrics } from "@tidemark/telemetry/metrics/process-metrics";
import { MAX_BATCHES, startConsumer } from "./consumer.ts";
import { startHeartbeats } from "./heartbeat-sender.ts";
import { startHousekeeping } from "./housekeeping/housekeeping.ts";
import { recordStart } from "./record-start.ts";
import { ConsumerSettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(ConsumerSettings));
const logger = createLogger({ service: "consumer", level: settings.LOG_LEVEL });
const metrics = createProcessMetrics({ service: "consumer", version: VERSION });

// Each part of a stop waits this long for a store or a client that does not answer. There are five such parts.
const stopWaitMs = settings.SHUTDOWN_DEADLINE_MS / 6;

await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const tracer = await openTracer(settings, { service: "consumer", logger });
  onClose("tracer", () => tracer?.stop());
  const metricsServer = await startMetricsServer({
    metrics,
    host: settings.HOST,
    port: settings.METRICS_PORT,
    allowedHosts: settings.ALLOWED_HOSTS,
    logger,
  });
  onClose("metrics", () => metricsServer.close());
  const connection = createJetstreamConnection({
    url: settings.NATS_URL,
    name: "consumer",
    credsFile: settings.NATS_CREDS_FILE,
    caFile: settings.NATS_CA_FILE,
    logger,
  });
  onClose("connection", () => connection.close());
  const signals = createNatsSignals(connection);
  // Begins before the store is open: a restore must hear a consumer that waits for its database.
  const heartbeats = startHeartbeats({ signals, isWaiting: true, logger });
  onClose("heartbeats", async () => heartbeats.stop());
  const eventLog = createJetstreamEventLog({
    connection,
    maxBytes: settings.LOG_MAX_BYTES,
    replicas: settings.LOG_REPLICAS,
    logger,
  });
  const openStore = () =>
    openPostgresEventStore({
      url: settings.DATABASE_URL,
      logger,
      migrate: true,
      maxWriters: MAX_BATCHES,
      maxConflictsKept: settings.MAX_CONFLICTS_KEPT,
      conflictFields: settings.CONFLICT_FIELDS,
    });
  const opening = eventLog.opened.then(() => openWhenUp(openStore, logger));

  const server = createHttpServer({
    logger,
    closeWaitMs: stopWaitMs,
    trustedProxies: settings.TRUSTED_PROXIES,
    maxConnections: settings.MAX_CONNECTIONS,
    tracer,
    metrics,
  });
  onClose("server", () => server.close());
  registerHealth(server, { checks: { store: () => pingOnceOpen(opening) } });
  const [store] = await Promise.all([opening, server.listen({ host: settings.HOST, port: settings.PORT })]);
  onClose("store", () => store.close());
  await recordStart(store, { service: "consumer", logger });

  const durability = startDurabilityWatch({ part: "store", read: () => store.readDurability(), logger });
  onClose("durability watch", () => durability.stop());
  const seen = await durability.first;
  if (settings.REQUIRE_DURABLE) requireDurable(seen);

  heartbeats.storeIsOpen(durability);
  const consumer = startConsumer({ eventLog, store, signals, heartbeats, metrics, tracer, logger, stopWaitMs });
  onClose("consumer", () => consumer.stop());
  const answers = answerStoreCommands(connection, { store, logger, stopWaitMs });
  onClose("store commands", () => answers.stop());
  const housekeeping = startHousekeeping({
    store,
    readLogSnapshot: () => eventLog.snapshot(),
    duplicateLogDays: settings.DUPLICATE_LOG_DAYS,
    historyDays: settings.HISTORY_DAYS,
    retentionDays: settings.RETENTION_DAYS,
    retentionBusyPercent: settings.RETENTION_BUSY_PERCENT,
    metrics,
    logger,
    stopWaitMs,
  });
  onClose("housekeeping", () => housekeeping.stop());
  logger.info("consuming");
});
