//   producers ──POST /publish──▶ gateway ──frames──▶ JetStream ──▶ consumer
//             ◀─── 200 / 202 ───         ◀────────── verdicts ──────────┘

import { requireDurable } from "@tidemark/domain/durability";
import { createSigner } from "@tidemark/domain/signer";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { openApiKeys } from "@tidemark/runtime/access/open-api-keys";
import { browserRulesOf } from "@tidemark/runtime/browsers/browser-rules";
import { startDurabilityWatch } from "@tidemark/runtime/durability-watch";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { startMetricsServer } from "@tidemark/runtime/metrics/serve-metrics";
import { openTracer } from "@tidemark/runtime/open-tracer";
import { readSettings } from "@tidemark/runtime/read-settings";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";
import { createProcessMetrics } from "@tidemark/telemetry/metrics/process-metrics";
import { registerGateway } from "./gateway.ts";
import { GatewaySettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(GatewaySettings));
const logger = createLogger({ service: "gateway", level: settings.LOG_LEVEL });
const metrics = createProcessMetrics({ service: "gateway", version: VERSION });
const apiKeys = settingsOrExit(() => openApiKeys({ path: settings.API_KEYS_FILE, logger }));

await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const tracer = await openTracer(settings, { service: "gateway", logger });
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
  const connection = createJetstreamConnection({
    url: settings.NATS_URL,
    name: "gateway",
    credsFile: settings.NATS_CREDS_FILE,
    caFile: settings.NATS_CA_FILE,
    logger,
  });
  onClose("connection", () => connection.close());
  const durability = startDurabilityWatch({
    part: "log",
    read: () => readLogDurability({ connection, monitorUrl: settings.NATS_MONITOR_URL }),
    logger,
  });
  onClose("durability watch", () => durability.stop());
  const eventLog = createJetstreamEventLog({
    connection,
    access: "append",
    maxBytes: settings.LOG_MAX_BYTES,
    replicas: settings.LOG_REPLICAS,
    beforeOpen: async () => {
      const seen = await durability.first;
      if (settings.REQUIRE_DURABLE) requireDurable(seen);
    },
    logger,
  });
  onClose("event log", () => eventLog.close());

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
  registerGateway(server, {
    eventLog,
    signals: createNatsSignals(connection, { replicas: settings.LOG_REPLICAS, logger }),
    signer: createSigner(settings.SIGNING_KEY),
    metrics,
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    rateLimits: {
      eventsPerSecond: settings.RATE_LIMIT_EVENTS_PER_SECOND,
      bytesPerSecond: settings.RATE_LIMIT_BYTES_PER_SECOND,
    },
    publishWaitMs: settings.PUBLISH_WAIT_MS,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    onVerdictTimeout: "receipt",
  });
  registerHealth(server, { checks: { log: () => eventLog.ping() } });
  await Promise.all([server.listen({ host: settings.HOST, port: settings.PORT }), eventLog.opened]);
  logger.info("taking events");
});
