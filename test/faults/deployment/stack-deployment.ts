//   client ─proxy─▶ gateway ×2 ─proxy─▶ nats-server ◀─proxy─ consumer ×2 ─proxy─▶ PostgreSQL
//      └────────────────────────────────▶ query ─proxy─▶ both
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { localNatsUrl } from "@tidemark/programs/nats-server";
import { startTcpProxy, type TcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { SLOW_SOURCE } from "../load/sent-event.ts";
import { openBrokerComponent } from "./broker-component.ts";
import { type BrokerProxy, startBrokerProxy } from "./broker-proxy.ts";
import { openDatabaseComponent } from "./database-component.ts";
import { type Deployment, type DeploymentOptions, LARGE_PAYLOAD_BYTES } from "./deployment.ts";
import { type Disk, mountDisk } from "./disk.ts";
import { openServiceComponent, type ServiceComponent } from "./service-component.ts";

export interface StackDeploymentOptions extends DeploymentOptions {
  /** Composition roots in place of a service's own. */
  mains?: Partial<Record<ServiceName, URL>>;
  /** Default: small, so that the log fills during a fault. */
  logMaxBytes?: number | undefined;
}

export type ServiceName = "gateway" | "consumer" | "query";

const LOG_MAX_BYTES = 1_000_000;

/** Starts a stack of two gateways, two consumers and a query, each with its own proxies to the log and the database. */
export async function openStackDeployment(options: StackDeploymentOptions): Promise<Deployment> {
  const { dir, mains = {}, diskMebibytes, logMaxBytes = LOG_MAX_BYTES } = options;
  const disks = new Map<string, Disk>();
  for (const name of diskMebibytes === undefined ? [] : ["nats", "postgres"]) {
    const disk = await mountDisk(join(dir, name), diskMebibytes as number);
    if (disk !== undefined) disks.set(name, disk);
  }
  const [broker, database] = await Promise.all([
    openBrokerComponent(join(dir, "nats")),
    openDatabaseComponent(join(dir, "postgres")),
  ]);
  const proxies = new Map<string, TcpProxy | BrokerProxy>();
  const endings: string[] = [];
  const services = new Map<string, ServiceComponent>();

  const openProxy = async (name: string, targetPort: number) => {
    const url = `http://127.0.0.1:${targetPort}`;
    const isAckPath = name.startsWith("consumer") && targetPort === broker.port;
    const proxy = isAckPath ? await startBrokerProxy(url) : await startTcpProxy(url);
    proxies.set(name, proxy);
    return proxy.port;
  };
  const start = async (service: ServiceName, name: string) => {
    const databaseUrl = new URL(database.url);
    databaseUrl.port = String(name.startsWith("gateway") ? 1 : await openProxy(`${name}>postgres`, database.port));
    const environment = {
      NATS_URL: localNatsUrl("127.0.0.1", await openProxy(`${name}>nats`, broker.port)),
      DATABASE_URL: databaseUrl.toString(),
      LOG_MAX_BYTES: String(logMaxBytes),
      LOG_LEVEL: "info",
      SIGNING_KEY: "the fault harness signs with this key",
    };
    const main = mains[service];
    const started = await openServiceComponent({
      service,
      name,
      main,
      environment,
      dir,
      onEnding: (line) => endings.push(line),
    });
    services.set(name, started);
    return started;
  };

  // The query starts last, because a consumer creates the tables.
  for (const name of ["consumer-1", "consumer-2"]) await start("consumer", name);
  await allReady(services.values());
  await database.dawdleOver(SLOW_SOURCE);
  const query = await start("query", "query");
  const publishUrls: URL[] = [];
  for (const name of ["gateway-1", "gateway-2"]) {
    const { port } = await start("gateway", name);
    publishUrls.push(new URL(`http://127.0.0.1:${await openProxy(`client>${name}`, port)}/publish`));
  }

  return {
    publishUrls,
    queryUrl: new URL(`http://127.0.0.1:${query.port}`),
    components: new Map([...services.values(), broker, database].map((component) => [component.name, component])),
    proxies,
    disks,
    programs: [`PostgreSQL ${database.version}`, `nats-server ${broker.version}`],
    endings,
    largePayloadBytes: Math.min(LARGE_PAYLOAD_BYTES, 0.6 * logMaxBytes),
    queueStarts: () => 1,
    async fill(holdMs) {
      const names = [...services.keys()].filter((name) => name.startsWith("consumer")).map((name) => `${name}>nats`);
      for (const name of names) proxies.get(name)?.refuse();
      await delay(holdMs);
      for (const name of names) proxies.get(name)?.heal();
    },
    countRedeliveries: () => broker.countRedeliveries(),
    ready: () => allReady(services.values()),
    async close() {
      for (const component of [...services.values()]) await component.kill();
      for (const proxy of proxies.values()) await proxy.close();
      await broker.close();
      await database.close();
      for (const disk of disks.values()) await disk.unmount();
    },
  };
}

async function allReady(services: Iterable<ServiceComponent>): Promise<void> {
  for (const service of services) await service.ready();
}
