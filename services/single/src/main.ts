//   producers ──POST /publish──▶ gateway ──frames──▶ queue in memory ──▶ consumer ──▶ SQLite ◀── query ◀──GET── readers
//             ◀─────── 200 ─────         ◀─────────── verdicts ──────────┘
import { startConsumer } from "@tidemark/consumer/consumer";
import { startHousekeeping } from "@tidemark/consumer/housekeeping/housekeeping";
import { recordStart } from "@tidemark/consumer/record-start";
import { requireDurable } from "@tidemark/domain/durability";
import { createSigner } from "@tidemark/domain/signer";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { registerGateway } from "@tidemark/gateway/gateway";
import { registerQuery } from "@tidemark/query/query";
import { openApiKeys } from "@tidemark/runtime/access/open-api-keys";
import { browserRulesOf } from "@tidemark/runtime/browsers/browser-rules";
import { startDurabilityWatch } from "@tidemark/runtime/durability-watch";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { registerMetrics } from "@tidemark/runtime/metrics/serve-metrics";
import { openTracer } from "@tidemark/runtime/open-tracer";
import { openWhenUp } from "@tidemark/runtime/open-when-up";
import { readSettings } from "@tidemark/runtime/read-settings";
import { readyLine } from "@tidemark/runtime/ready-line";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";
import { createProcessMetrics } from "@tidemark/telemetry/metrics/process-metrics";
import { SingleSettings } from "./settings.ts";

const MAX_QUEUE_BYTES = 128 * 1024 * 1024;
// One thread reads pages and passes each one as a copy, so a second page in memory would only wait for this thread.
const MAX_PAGE_READS = 1;
// A transaction takes less than a second, and one that waits for the lock of a backup waits for 5 s.
const MAX_QUEUED_MS = 10_000;
// An answer means that the commit is known, so a shorter wait would only answer 503 to events that are being stored.
const MIN_PUBLISH_WAIT_MS = 1_000;

const settings = settingsOrExit(() => readSettings(SingleSettings));
const logger = createLogger({ service: "single", level: settings.LOG_LEVEL });
const metrics = createProcessMetrics({ service: "single", version: VERSION });
const apiKeys = settingsOrExit(() => openApiKeys({ path: settings.API_KEYS_FILE, logger }));

await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const tracer = await openTracer(settings, { service: "single", logger });
  onClose("tracer", () => tracer?.stop());
  onClose("API keys", () => apiKeys?.stop());
  const store = await openWhenUp(
    () =>
      openSqliteEventStore({
        path: settings.DATABASE_PATH,
        logger,
        maxConflictsKept: settings.MAX_CONFLICTS_KEPT,
        conflictFields: settings.CONFLICT_FIELDS,
      }),
    logger,
  );
  onClose("store", () => store.close());
  await recordStart(store, { service: "single", logger });
  const durability = startDurabilityWatch({ part: "store", read: () => store.readDurability(), logger });
  onClose("durability watch", () => durability.stop());
  const seen = await durability.first;
  if (settings.REQUIRE_DURABLE) requireDurable(seen);

  const eventLog = createMemoryEventLog({ maxEvents: settings.QUEUE_MAX_SIZE, maxBytes: MAX_QUEUE_BYTES });
  const signals = createMemorySignals();
  const signer = createSigner(settings.SIGNING_KEY ?? [await store.readOrCreateSecret("signing_key")]);
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
  registerGateway(server, {
    eventLog,
    signals,
    signer,
    metrics,
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    rateLimits: {
      eventsPerSecond: settings.RATE_LIMIT_EVENTS_PER_SECOND,
      bytesPerSecond: settings.RATE_LIMIT_BYTES_PER_SECOND,
    },
    publishWaitMs: Math.max(settings.PUBLISH_WAIT_MS, MIN_PUBLISH_WAIT_MS),
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    maxFrameEvents: Math.min(1_000, settings.QUEUE_MAX_SIZE),
    onVerdictTimeout: "unknown",
  });
  registerQuery(server, {
    store,
    storeCommands: store,
    readLogSnapshot: () => eventLog.snapshot(),
    signals,
    signer,
    metrics,
    retentionDays: settings.RETENTION_DAYS,
    startedAtMs: Date.now(),
    maxPageReads: MAX_PAGE_READS,
    readStoreDamage: () => store.damage,
    maxQueuedMs: MAX_QUEUED_MS,
  });

  registerMetrics(server, metrics);

  // Starts after its listeners, so that they get its first heartbeat. Closes after the server, whose last requests wait
  // for verdicts.
  const consumer = startConsumer({ eventLog, store, signals, durability, metrics, tracer, logger });
  onClose("consumer", () => consumer.stop());
  const housekeeping = startHousekeeping({
    store,
    readLogSnapshot: () => eventLog.snapshot(),
    duplicateLogDays: settings.DUPLICATE_LOG_DAYS,
    historyDays: settings.HISTORY_DAYS,
    retentionDays: settings.RETENTION_DAYS,
    retentionBusyPercent: settings.RETENTION_BUSY_PERCENT,
    metrics,
    logger,
  });
  onClose("housekeeping", () => housekeeping.stop());
  onClose("server", () => server.close());
  await server.listen({ host: settings.HOST, port: settings.PORT });
  logger.info("taking events");
  const { HOST: host, PORT: port, DATABASE_PATH: databasePath } = settings;
  if (process.stdout.isTTY) process.stdout.write(`${readyLine({ host, port, databasePath })}\n`);
});
