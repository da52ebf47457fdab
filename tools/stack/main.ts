//   :8080 edge ──/publish──▶ gateway ──▶ nats-server ──▶ consumer ──▶ PostgreSQL
//           └──everything else──────────────▶ query ◀─────────────────────┘
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { migratePostgres } from "@tidemark/event-store-postgres/schema/migrate-postgres";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { urlOfRole } from "@tidemark/programs/postgres-roles";
import { type RestartPolicy, startService } from "@tidemark/programs/service-process";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { type OnClose, runProcess, settingsOrExit } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AccessSettings, HttpSettings, MetricsSettings, ProcessSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";
import { startEdge } from "./edge.ts";
import { STACK_COMMAND } from "./options.ts";
import { environmentOfPart, type Part } from "./part-environment.ts";
import { readOrMakeSigningKey } from "./signing-key.ts";

/** The deadline for stopping all components one after the other. Each component also has its own deadline. */
const SHUTDOWN_DEADLINE_MS = 120_000;

const { LOG_LEVEL } = ProcessSettings.shape;
const settings = settingsOrExit(() =>
  readSettings(HttpSettings.extend(AccessSettings.shape).extend(MetricsSettings.shape).extend({ LOG_LEVEL })),
);
const options = commandLineOrExit(STACK_COMMAND);
const host = settings.HOST;
const port = options.port ?? settings.PORT;
const replicaCounts = { query: options.queries, consumer: options.consumers, gateway: options.gateways };
const logger = createLogger({ service: "stack", level: settings.LOG_LEVEL });

await runProcess({ logger, shutdownDeadlineMs: SHUTDOWN_DEADLINE_MS }, async (onClose) => {
  await checkPort(); // first, so that no database is created while the port is in use
  const database = await openDatabase(onClose);
  const environment = {
    ...process.env,
    ...database,
    ...(await openLog(onClose)),
    ...(await openSigning()),
    TRUSTED_PROXIES: "loopback", // the edge below, which sends the address of each client
  };

  // The stack itself migrates, so that no service needs the rights of the owner. `startService` sets the reader's role.
  const environmentOf = (part: Part) =>
    environmentOfPart(
      part,
      part === "consumer" && database.DATABASE_URL !== undefined
        ? { ...environment, DATABASE_URL: urlOfRole(database.DATABASE_URL, "tidemark_writer") }
        : environment,
    );
  let nextMetricsPort = settings.METRICS_PORT;
  /** Assigns each process its own port, beginning with METRICS_PORT. The process logs it. */
  const takeMetricsPort = () => ({ METRICS_PORT: String(nextMetricsPort === 0 ? 0 : nextMetricsPort++) });
  const start = async (service: Part) => {
    const names = Array.from({ length: replicaCounts[service] }, (_, index) => `${service} ${index + 1}`);
    const replicas = await Promise.all(
      names.map((name) =>
        startService({
          service,
          name,
          environment: { ...environmentOf(service), ...takeMetricsPort() },
          output: "inherit",
          restart: restarting(name),
        }),
      ),
    );
    onClose(service, () => Promise.all(replicas.map((replica) => replica.stop())));
    return replicas;
  };
  const queries = await start("query");
  const consumers = await start("consumer");
  const gateways = await start("gateway");
  await Promise.all([...queries, ...consumers, ...gateways].map((replica) => replica.ready()));

  const urlsOf = (replicas: { url: string }[]) => replicas.map(({ url }) => new URL(url));
  const edge = await startEdge({
    host,
    port,
    gateways: urlsOf(gateways),
    queries: urlsOf(queries),
    isOpen: settings.API_KEYS_FILE === undefined,
    trustedProxies: settings.TRUSTED_PROXIES,
    maxConnections: settings.MAX_CONNECTIONS,
    logger,
  });
  onClose("edge", () => edge.stop());
  logger.info({ replicas: replicaCounts, dataDir: options.data }, `the stack is ready on ${edge.url}`);
});

function restarting(name: string): RestartPolicy {
  return {
    firstPauseMs: 500,
    longestPauseMs: 30_000,
    onRestart: (ending, pauseMs) => logger.error({ name, ending, pauseMs }, "service ended, starting it again"),
  };
}

async function checkPort(): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

async function openDatabase(onClose: OnClose): Promise<NodeJS.ProcessEnv> {
  if (process.env.DATABASE_URL || process.env.DATABASE_URL_FILE) return {};
  const postgres = await startEmbeddedPostgres({ dataDir: join(options.data, "postgres") });
  closeOrFail(onClose, "PostgreSQL", postgres);
  await migratePostgres({ url: postgres.url, logger });
  return { DATABASE_URL: postgres.url };
}

async function openLog(onClose: OnClose): Promise<NodeJS.ProcessEnv> {
  if (process.env.NATS_URL || process.env.NATS_URL_FILE) return {};
  const binary = await findNatsServer();
  const nats = await startNatsServer({ binary, dataDir: join(options.data, "nats") });
  closeOrFail(onClose, "nats-server", nats);
  return { NATS_URL: nats.url, NATS_MONITOR_URL: nats.monitorUrl };
}

async function openSigning(): Promise<NodeJS.ProcessEnv> {
  if (process.env.SIGNING_KEY || process.env.SIGNING_KEY_FILE) return {};
  return { SIGNING_KEY: await readOrMakeSigningKey(options.data) };
}

/** Ends the stack with an error if its database or its log ends, because the stack cannot work without them. */
function closeOrFail(onClose: OnClose, name: string, server: { stop(): Promise<void>; exited: Promise<void> }): void {
  let isWanted = true;
  onClose(name, () => {
    isWanted = false;
    return server.stop();
  });
  void server.exited.then(() => {
    if (isWanted) throw new Error(`${name} ended unasked`);
  });
}
