//   readers ──GET──▶ query ──▶ PostgreSQL: events, books, receipts
//                      └─────▶ JetStream: what is still in the log; the consumers' heartbeats
import { connectJetstream } from "@tidemark/event-log-jetstream/connection";
import { readLogDurability } from "@tidemark/event-log-jetstream/durability";
import { openJetstreamEventLog } from "@tidemark/event-log-jetstream/jetstream-event-log";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { watchDurability } from "@tidemark/runtime/durability-watch";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";
import { openLater } from "./late-broker.ts";
import { registerQuery } from "./query.ts";
import { QuerySettings } from "./settings.ts";

const settings = settingsOrExit(() => readSettings(QuerySettings));
const log = createLogger({ service: "query", level: settings.LOG_LEVEL });

await runProcess({ log, shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  const store = await openPostgresEventStore({ url: settings.DATABASE_URL, log, migrate: false });
  onClose("store", () => store.close());

  const broker = openLater(async () => {
    const connection = await connectJetstream({ url: settings.NATS_URL, name: "query", log });
    const eventLog = await openJetstreamEventLog({ connection, log });
    const monitorUrl = settings.NATS_MONITOR_URL;
    const durability = await watchDurability({ read: () => readLogDurability({ connection, monitorUrl }), log });
    const close = async () => {
      durability.stop();
      await connection.close();
    };
    return { eventLog, signals: createNatsSignals(connection), durability, close };
  });
  onClose("broker", () => broker.close());

  const server = createHttpServer({ log, closeWaitMs: settings.SHUTDOWN_DEADLINE_MS / 2 });
  onClose("server", () => server.close());
  registerQuery(server, { store, ...broker, startedAtMs: Date.now() });
  await server.listen({ host: settings.HOST, port: settings.PORT });
});
