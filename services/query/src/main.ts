//   readers ──GET──▶ query ──▶ PostgreSQL: events, books, receipts
//                      └─────▶ JetStream: what is still in the log; the consumers' heartbeats
import { createSigner } from "@tidemark/domain/signer";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { readLogDisk } from "@tidemark/event-log-jetstream/monitor";
import { requestStoreCommands } from "@tidemark/event-log-jetstream/store-commands";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { openApiKeys } from "@tidemark/runtime/access/open-api-keys";
import { browserRulesOf } from "@tidemark/runtime/browsers/browser-rules";
import { startDurabilityWatch } from "@tidemark/runtime/durability-watch";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { startMetricsServer } from "@tidemark/runtime/metrics/serve-metrics";
import { openTracer } from "@tidemark/runtime/open-tracer";
import { readSettings } from "@tidemark/runtime/read-settings";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";
import { createProcessMetrics } from "@tidemark/telemetry/metrics/process-metrics";
import { registerQuery } from "./query.ts";
import { QuerySettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(QuerySettings));
const logger = createLogger({ service: "query", level: settings.LOG_LEVEL });
const metrics = createProcessMetrics({ service: "query", version: VERSION });
const apiKeys = settingsOrExit(() => openApiKeys({ path: settings.API_KEYS_FILE, logger }));

await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const tracer = await openTracer(settings, { service: "query", logger });
  onClose("tracer", () => tracer?.stop());
  onClose("API keys", () => apiKeys?.stop());
  const metricsServer = await startMetricsServer({
    metrics,
    host: settings.HOST,
    port: settings.METRICS_PORT,
    allowedHosts: settings.ALLOWED_HOSTS,
    logger,
  });
  onClose("metrics", () => metricsServer.close());
  const store = await openPostgresEventStore({ url: settings.DATABASE_URL, logger, migrate: false });
  onClose("store", () => store.close());

  const connection = createJetstreamConnection({
    url: settings.NATS_URL,
    name: "query",
    credsFile: settings.NATS_CREDS_FILE,
    caFile: settings.NATS_CA_FILE,
    logger,
  });
  onClose("connection", () => connection.close());
  const eventLog = createJetstreamEventLog({ connection, access: "read", logger });
  onClose("event log", () => eventLog.close());
  const monitorUrl = settings.NATS_MONITOR_URL;
  const durability = startDurabilityWatch({
    part: "log",
    read: () => readLogDurability({ connection, monitorUrl }),
    logger,
  });
  onClose("durability watch", () => durability.stop());

  const server = createHttpServer({
    logger,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 2,
    trustedProxies: settings.TRUSTED_PROXIES,
    maxConnections: settings.MAX_CONNECTIONS,
    tracer,
    metrics,
    browsers: browserRulesOf(settings),
    apiKeys: apiKeys?.keys,
  });
  onClose("server", () => server.close());
  registerQuery(server, {
    store,
    storeCommands: requestStoreCommands(connection),
    readLogSnapshot: () => eventLog.snapshot(),
    signals: createNatsSignals(connection),
    signer: createSigner(settings.SIGNING_KEY),
    logDurability: () => durability.current,
    ...(monitorUrl !== undefined && { readLogDisk: () => readLogDisk(monitorUrl) }),
    metrics,
    retentionDays: settings.RETENTION_DAYS,
    startedAtMs: Date.now(),
  });
  await Promise.all([server.listen({ host: settings.HOST, port: settings.PORT }), eventLog.opened]);
  logger.info("answering reads");
});
