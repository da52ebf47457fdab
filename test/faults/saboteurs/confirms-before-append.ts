import { createSigner } from "@tidemark/domain/signer";
import { createJetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { registerGateway } from "@tidemark/gateway/gateway";
import { GatewaySettings } from "@tidemark/gateway/settings";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/read-settings";
import { createLogger } from "@tidemark/telemetry/logger";

const settings = readSettings(GatewaySettings);
const logger = createLogger({ service: "gateway", level: settings.LOG_LEVEL });

/** A gateway that answers 202 before the log has confirmed the frame: events are lost if the broker dies at that moment. */
await runProcess({ logger, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const connection = createJetstreamConnection({ url: settings.NATS_URL, name: "gateway", logger });
  onClose("connection", () => connection.close());
  const eventLog = createJetstreamEventLog({
    connection,
    access: "append",
    maxBytes: settings.LOG_MAX_BYTES,
    logger,
  });
  onClose("event log", () => eventLog.close());
  await eventLog.opened;
  const { generation } = await eventLog.snapshot();
  const server = createHttpServer({ logger });
  onClose("server", () => server.close());
  registerGateway(server, {
    eventLog: {
      maxFrameBytes: eventLog.maxFrameBytes,
      append: async (frame) => {
        eventLog.append(frame).catch(() => {});
        return { generation };
      },
    },
    signals: createNatsSignals(connection),
    signer: createSigner(settings.SIGNING_KEY),
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    publishWaitMs: 0,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    onVerdictTimeout: "receipt",
  });
  registerHealth(server, { checks: { log: () => eventLog.ping() } });
  await server.listen({ host: settings.HOST, port: settings.PORT });
});
