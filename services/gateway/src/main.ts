//   producers ──POST /publish──▶ gateway ──frames──▶ JetStream ──▶ consumer
//             ◀─── 200 / 202 ───         ◀────────── verdicts ──────────┘
import { readSettings } from "@tidemark/shared/config";
import { connectJetstream } from "@tidemark/shared/event-log/jetstream-connection";
import { openJetstreamEventLog } from "@tidemark/shared/event-log/jetstream-event-log";
import { registerHealth } from "@tidemark/shared/health";
import { createHttpServer } from "@tidemark/shared/http-server";
import { runProcess, settingsOrExit } from "@tidemark/shared/lifecycle";
import { createLogger } from "@tidemark/shared/log";
import { createNatsSignals } from "@tidemark/shared/signals/jetstream-signals";
import { registerGateway } from "./gateway.ts";
import { GatewaySettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(GatewaySettings));
const log = createLogger({ service: "gateway", level: settings.LOG_LEVEL });

await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const connection = await connectJetstream({ url: settings.NATS_URL, name: "gateway", log });
  onClose("connection", () => connection.close());
  const eventLog = await openJetstreamEventLog({
    connection,
    maxBytes: settings.LOG_MAX_BYTES,
    replicas: settings.LOG_REPLICAS,
    log,
  });
  onClose("event log", () => eventLog.close());

  const server = createHttpServer({ log, closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 2 });
  onClose("server", () => server.close());
  registerGateway(server, {
    log: eventLog,
    signals: createNatsSignals(connection),
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    publishWaitMs: settings.PUBLISH_WAIT_MS,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    whenLate: "receipt",
  });
  registerHealth(server, { checks: { log: () => eventLog.ping() } });
  await server.listen({ host: settings.HOST, port: settings.PORT });
});
