import { createLogger } from "@tidemark/telemetry/logger";
import { changeDatabase } from "@tidemark/test-support/databases/postgres-database";
import { createOwnDatabase, startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { onTestFinished } from "vitest";
import { startEdge } from "../../tools/stack/edge.ts";
import type { RunningShape } from "./shape.ts";

/** Opens a stack behind an edge, which keeps running when the services crash. */
export async function openStack(settings: Record<string, string>): Promise<RunningShape> {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const environment = {
    ...settings,
    NATS_URL: broker.url,
    NATS_MONITOR_URL: broker.monitorUrl,
    DATABASE_URL: database.url,
  };
  const start = (name: string, port?: number) =>
    startOwnService(name, { ...environment, ...(port !== undefined && { PORT: String(port) }) });
  let services = await Promise.all(["consumer", "gateway", "query"].map((name) => start(name)));
  const [, gateways, queries] = services.map(({ url }) => [new URL(url)]);
  const logger = createLogger({ service: "edge", level: "silent" });
  const edge = await startEdge({
    host: "127.0.0.1",
    port: 0,
    gateways: gateways ?? [],
    queries: queries ?? [],
    logger,
  });
  onTestFinished(() => edge.stop());
  return {
    url: edge.url,
    crash: async () => void (await Promise.all(services.map((service) => service.end("SIGKILL")))),
    restart: async () => {
      services = await Promise.all(services.map(({ name, port }) => start(name, port)));
    },
    refuse: async (condition) => {
      await changeDatabase(
        database.url,
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'check_violation'; END $$`,
      );
      await changeDatabase(
        database.url,
        `CREATE TRIGGER refusal BEFORE INSERT ON events FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION refuse()`,
      );
    },
    accept: () => changeDatabase(database.url, "DROP TRIGGER refusal ON events; DROP FUNCTION refuse"),
  };
}
