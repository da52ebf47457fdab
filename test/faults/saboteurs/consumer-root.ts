import { type ConsumerOptions, MAX_BATCHES, startConsumer } from "@tidemark/consumer/consumer";
import { ConsumerSettings } from "@tidemark/consumer/settings";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import type { EventStore } from "@tidemark/event-store/event-store";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/read-settings";
import { createLogger } from "@tidemark/telemetry/logger";
import { waitFor } from "@tidemark/test-support/wait-for";

/** The ports of a consumer, which a saboteur replaces. */
export interface ConsumerPorts {
  eventLog: EventLog;
  store: Pick<EventStore, "apply">;
  signals: Signals;
}

/** Returns signals that change every verdict before they send it. */
export function changeVerdicts(signals: Signals, change: (verdicts: Verdicts) => Verdicts): Signals {
  return {
    ...signals,
    sendVerdicts: (address, { frameId, verdicts }) =>
      signals.sendVerdicts(address, { frameId, verdicts: change(verdicts) }),
  };
}

/** Runs a consumer with ports that a saboteur has replaced, so that it breaks a promise. */
export async function runSabotagedConsumer(
  sabotage: (ports: ConsumerPorts, databaseUrl: string) => Partial<ConsumerPorts>,
): Promise<void> {
  const settings = readSettings(ConsumerSettings);
  const logger = createLogger({ service: "consumer", level: settings.LOG_LEVEL });
  await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
    const connection = createJetstreamConnection({ url: settings.NATS_URL, name: "consumer", logger });
    onClose("connection", () => connection.close());
    const eventLog = createJetstreamEventLog({ connection, maxBytes: settings.LOG_MAX_BYTES, logger });
    const maxWriters = MAX_BATCHES;
    const open = () => openPostgresEventStore({ url: settings.DATABASE_URL, logger, migrate: true, maxWriters });
    const store = await waitFor("the store", open, { timeoutMs: 60_000, intervalMs: 250 });
    onClose("store", () => store.close());

    const ports = { eventLog, store, signals: createNatsSignals(connection) };
    const { store: sabotaged = store, ...broken } = sabotage(ports, settings.DATABASE_URL);
    const halfBroken: ConsumerOptions["store"] = {
      apply: (deliveries, options) => sabotaged.apply(deliveries, options),
      deadLetterFrame: (frame) => store.deadLetterFrame(frame),
    };
    const consumer = startConsumer({ ...ports, ...broken, store: halfBroken, logger });
    onClose("consumer", () => consumer.stop());

    const server = createHttpServer({ logger });
    onClose("server", () => server.close());
    registerHealth(server, { checks: { store: () => store.ping() } });
    await server.listen({ host: settings.HOST, port: settings.PORT });
  });
}
