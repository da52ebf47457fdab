import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "@tidemark/programs/free-port";
import { startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { startOwnPostgres } from "@tidemark/test-support/processes/postgres-server";
import type { ServiceProcess } from "@tidemark/test-support/processes/service-process";
import { onTestFinished } from "vitest";

/** All processes of a deployment of one test, which can be ended and started again. Their addresses stay. */
export interface WholeDeployment {
  /** Ends all of them, including broker and database. */
  end(): Promise<void>;
  /** Starts all of them again. */
  start(): Promise<void>;
  publishUrl: string;
  /** The addresses of the processes that serve everything else. */
  readUrls: readonly string[];
}

export async function openWholeSingle(): Promise<WholeDeployment> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const environment = { DATABASE_PATH: join(directory, "tidemark.db"), PORT: String(await findFreePort()) };
  const start = () => startOwnService("single", environment);
  let service = await start();
  return {
    end: async () => void (await service.end("SIGKILL")),
    start: async () => {
      service = await start();
    },
    publishUrl: service.url,
    readUrls: [service.url],
  };
}

const PARTS = ["consumer", "consumer", "gateway", "query", "query"];

/** Starts a stack with two consumers and two query services. */
export async function openWholeStack(): Promise<WholeDeployment> {
  const [broker, database] = await Promise.all([startOwnBroker(), startOwnPostgres()]);
  const addresses = { NATS_URL: broker.url, DATABASE_URL: database.url };
  const ports = await Promise.all(PARTS.map(() => findFreePort()));
  const start = () =>
    Promise.all(PARTS.map((name, index) => startOwnService(name, { ...addresses, PORT: String(ports[index]) })));
  let services = await start();
  return {
    async end() {
      await Promise.all(services.map((service) => service.end(signalFor(service))));
      await Promise.all([broker.kill(), database.stop()]);
    },
    async start() {
      await Promise.all([broker.restart(), database.restart()]);
      services = await start();
    },
    publishUrl: String(services[2]?.url),
    readUrls: services.filter(({ name }) => name === "query").map(({ url }) => url),
  };
}

/**
 * Returns the signal that ends a service. A consumer is not killed, because its frames would be redelivered only after
 * 20 s.
 */
function signalFor({ name }: ServiceProcess): NodeJS.Signals {
  return name === "consumer" ? "SIGTERM" : "SIGKILL";
}
