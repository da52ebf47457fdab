import { registerGateway } from "../../../services/gateway/src/gateway.ts";
import { GatewaySettings } from "../../../services/gateway/src/settings.ts";
import { readSettings } from "../../../shared/src/config.ts";
import { connectJetstream } from "../../../shared/src/event-log/jetstream-connection.ts";
import { openJetstreamEventLog } from "../../../shared/src/event-log/jetstream-event-log.ts";
import { registerHealth } from "../../../shared/src/health.ts";
import { createHttpServer } from "../../../shared/src/http-server.ts";
import { runProcess } from "../../../shared/src/lifecycle.ts";
import { createLogger } from "../../../shared/src/log.ts";
import { createNatsSignals } from "../../../shared/src/signals/jetstream-signals.ts";

const settings = readSettings(GatewaySettings);
const log = createLogger({ service: "gateway", level: settings.LOG_LEVEL });

/** A gateway that says 202 before the log has said anything: with a broker that dies at that moment, events are lost. */
await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const connection = await connectJetstream({ url: settings.NATS_URL, name: "gateway", log });
  onClose("connection", () => connection.close());
  const eventLog = await openJetstreamEventLog({ connection, maxBytes: settings.LOG_MAX_BYTES, log });
  onClose("event log", () => eventLog.close());
  const server = createHttpServer({ log });
  onClose("server", () => server.close());
  registerGateway(server, {
    log: {
      maxFrameBytes: eventLog.maxFrameBytes,
      append: async (frame) => void eventLog.append(frame).catch(() => {}),
      look: () => eventLog.look(),
      ping: () => eventLog.ping(),
    },
    signals: createNatsSignals(connection),
    maxBatchEvents: settings.MAX_BATCH_EVENTS,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    publishWaitMs: 0,
    closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 5,
    whenLate: "receipt",
  });
  registerHealth(server, { checks: { log: () => eventLog.ping() } });
  await server.listen({ host: settings.HOST, port: settings.PORT });
});
