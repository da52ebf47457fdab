//   producers ──POST /publish──▶ gateway ──frames──▶ JetStream ──▶ consumer
//             ◀─── 200 / 202 ───         ◀────────── verdicts ──────────┘

import { requireDurable } from "@tidemark/domain/durability";
import { connectJetstream } from "@tidemark/event-log-jetstream/connection";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { openJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { watchDurability } from "@tidemark/runtime/durability-watch";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";
import { registerGateway } from "./gateway.ts";
import { openLater } from "./late-log.ts";
import { GatewaySettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(GatewaySettings));
const log = createLogger({ service: "gateway", level: settings.LOG_LEVEL });

await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const broker = openLater(async () => {
    const connection = await connectJetstream({ url: settings.NATS_URL, name: "gateway", log });
    const eventLog = await openJetstreamEventLog({
      connection,
      maxBytes: settings.LOG_MAX_BYTES,
      replicas: settings.LOG_REPLICAS,
      log,
    });
    const monitorUrl = settings.NATS_MONITOR_URL;
    const durability = await watchDurability({ read: () => readLogDurability({ connection, monitorUrl }), log });
    if (settings.REQUIRE_DURABLE) requireDurable(durability.current);
    const close = async () => {
      durability.stop();
      await eventLog.close();
      await connection.close();
    };
    return { eventLog, signals: createNatsSignals(connection), close };
  });
  onClose("broker", () => broker.close());

  const server = createHttpServer({ log, closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 2 });
  onClose("server", () => server.close());
  registerGateway(server, {
    log: broker.eventLog,
    signals: broker.signals,
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    publishWaitMs: settings.PUBLISH_WAIT_MS,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    onVerdictTimeout: "receipt",
  });
  registerHealth(server, { checks: { log: () => broker.eventLog.ping() } });
  await server.listen({ host: settings.HOST, port: settings.PORT });
  await broker.opened;
  log.info("taking events");
});
