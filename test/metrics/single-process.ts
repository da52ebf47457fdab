import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startConsumer } from "@tidemark/consumer/consumer";
import { startHousekeeping } from "@tidemark/consumer/housekeeping/housekeeping";
import { SAFE } from "@tidemark/domain/durability";
import { createSigner } from "@tidemark/domain/signer";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import { lendThread } from "@tidemark/event-store-sqlite/fixture/lent-threads";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { registerGateway } from "@tidemark/gateway/gateway";
import { registerQuery } from "@tidemark/query/query";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { registerMetrics } from "@tidemark/runtime/metrics/serve-metrics";
import { createLogger } from "@tidemark/telemetry/logger";
import { createProcessMetrics } from "@tidemark/telemetry/metrics/process-metrics";
import { onTestFinished } from "vitest";

/** Opens a single process with its metrics, until the test ends. Returns its server, which listens. */
export async function openSingle() {
  const logger = createLogger({ service: "test", level: "silent" });
  const directory = await mkdtemp(join(tmpdir(), "tidemark-metrics-"));
  const store = await openSqliteEventStore({ path: join(directory, "test.db"), logger, startThread: lendThread });
  const eventLog = createMemoryEventLog({ maxEvents: 100, maxBytes: 1_000_000 });
  const signals = createMemorySignals();
  const signer = createSigner(["a key of a test that signs receipts and cursors"]);
  const metrics = createProcessMetrics({ service: "single", version: "0.0.0-test" });
  const server = createHttpServer({ logger, metrics });
  registerGateway(server, {
    eventLog,
    signals,
    signer,
    metrics,
    maxBatchEvents: 100,
    maxBodyBytes: 1_000_000,
    publishWaitMs: 60_000,
    closeWaitMs: 1_000,
    onVerdictTimeout: "unknown",
  });
  const readLogSnapshot = () => eventLog.snapshot();
  const query = { store, storeCommands: store, readLogSnapshot, signals, signer, metrics };
  registerQuery(server, { ...query, startedAtMs: Date.now() });
  registerMetrics(server, metrics);
  const consumer = startConsumer({ eventLog, store, signals, durability: { current: SAFE }, metrics, logger });
  const kept = { duplicateLogDays: 7, historyDays: 30, retentionDays: 30 };
  const housekeeping = startHousekeeping({ ...kept, store, readLogSnapshot, metrics, logger });
  onTestFinished(async () => {
    await server.close();
    await housekeeping.stop();
    await consumer.stop();
    await store.close();
    await rm(directory, { recursive: true });
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  return server;
}
