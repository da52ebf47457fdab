import { type ConsumerOptions, MAX_BATCHES, startConsumer } from "../../../services/consumer/src/consumer.ts";
import { ConsumerSettings } from "../../../services/consumer/src/settings.ts";
import { readSettings } from "../../../shared/src/config.ts";
import type { EventLog } from "../../../shared/src/event-log/event-log.ts";
import { connectJetstream } from "../../../shared/src/event-log/jetstream-connection.ts";
import { openJetstreamEventLog } from "../../../shared/src/event-log/jetstream-event-log.ts";
import type { EventStore } from "../../../shared/src/event-store/event-store.ts";
import { openPostgresEventStore } from "../../../shared/src/event-store/postgres-event-store.ts";
import { registerHealth } from "../../../shared/src/health.ts";
import { createHttpServer } from "../../../shared/src/http-server.ts";
import { runProcess } from "../../../shared/src/lifecycle.ts";
import { createLogger } from "../../../shared/src/log.ts";
import { createNatsSignals } from "../../../shared/src/signals/jetstream-signals.ts";
import type { Signals } from "../../../shared/src/signals/signals.ts";
import type { Verdicts } from "../../../shared/src/verdict.ts";
import { waitFor } from "../../support/wait-for.ts";

/** The ports of a consumer, each to be given back broken. */
export interface ConsumerPorts {
  eventLog: EventLog;
  store: Pick<EventStore, "apply">;
  signals: Signals;
}

/** Signals that send other verdicts than they are given. */
export function changeVerdicts(signals: Signals, change: (verdicts: Verdicts) => Verdicts): Signals {
  return {
    ...signals,
    sendVerdicts: (address, { frameId, verdicts }) =>
      signals.sendVerdicts(address, { frameId, verdicts: change(verdicts) }),
  };
}

/** The consumer's composition root, with something in it that breaks a promise. */
export async function runSabotagedConsumer(
  sabotage: (ports: ConsumerPorts, databaseUrl: string) => Partial<ConsumerPorts>,
): Promise<void> {
  const settings = readSettings(ConsumerSettings);
  const log = createLogger({ service: "consumer", level: settings.LOG_LEVEL });
  await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
    const connection = await connectJetstream({ url: settings.NATS_URL, name: "consumer", log });
    onClose("connection", () => connection.close());
    const eventLog = await openJetstreamEventLog({ connection, maxBytes: settings.LOG_MAX_BYTES, log });
    const maxWriters = MAX_BATCHES;
    const open = () => openPostgresEventStore({ url: settings.DATABASE_URL, log, migrate: true, maxWriters });
    const store = await waitFor("the store", open, { timeoutMs: 60_000, intervalMs: 250 });
    onClose("store", () => store.close());

    const ports = { eventLog, store, signals: createNatsSignals(connection) };
    const { store: sabotaged = store, ...broken } = sabotage(ports, settings.DATABASE_URL);
    const halfBroken: ConsumerOptions["store"] = {
      apply: (deliveries, options) => sabotaged.apply(deliveries, options),
      bury: (frame) => store.bury(frame),
    };
    const consumer = startConsumer({ ...ports, ...broken, store: halfBroken, log });
    onClose("consumer", () => consumer.stop());

    const server = createHttpServer({ log });
    onClose("server", () => server.close());
    registerHealth(server, { checks: { store: () => store.ping() } });
    await server.listen({ host: settings.HOST, port: settings.PORT });
  });
}
