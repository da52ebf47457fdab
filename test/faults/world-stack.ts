//   client ─wire─▶ gateway ×2 ─wire─▶ nats-server ◀─wire─ consumer ×2 ─wire─▶ PostgreSQL
//      └────────────────────────────────▶ query ─wire─▶ both
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy, type TcpProxy } from "@tidemark/test-support/tcp-proxy";
import { openBrokerPart } from "./broker-part.ts";
import { type BrokerProxy, startBrokerProxy } from "./broker-proxy.ts";
import { openDatabasePart } from "./database-part.ts";
import { type Disk, mountDisk } from "./disk.ts";
import { openServicePart, type ServicePart } from "./service-part.ts";
import type { World, WorldOptions } from "./world.ts";

export interface StackWorldOptions extends WorldOptions {
  /** Composition roots in place of a service's own. */
  mains?: Partial<Record<ServiceName, URL>>;
  /** Default: small, so that it fills within a fault. */
  logMaxBytes?: number | undefined;
}

export type ServiceName = "gateway" | "consumer" | "query";

const LOG_MAX_BYTES = 1_000_000;

/** Opens the stack: two gateways, two consumers and a query, each with wires of its own to the log and the database. */
export async function openStackWorld(options: StackWorldOptions): Promise<World> {
  const { dir, mains = {}, diskMebibytes, logMaxBytes = LOG_MAX_BYTES } = options;
  const disks = new Map<string, Disk>();
  for (const name of diskMebibytes === undefined ? [] : ["nats", "postgres"]) {
    const disk = await mountDisk(join(dir, name), diskMebibytes as number);
    if (disk !== undefined) disks.set(name, disk);
  }
  const [broker, database] = await Promise.all([
    openBrokerPart(join(dir, "nats")),
    openDatabasePart(join(dir, "postgres")),
  ]);
  const wires = new Map<string, TcpProxy | BrokerProxy>();
  const endings: string[] = [];
  const services = new Map<string, ServicePart>();

  const lay = async (name: string, targetPort: number) => {
    const url = `http://127.0.0.1:${targetPort}`;
    const isAckPath = name.startsWith("consumer") && targetPort === broker.port;
    const wire = isAckPath ? await startBrokerProxy(url) : await startTcpProxy(url);
    wires.set(name, wire);
    return wire.port;
  };
  const start = async (service: ServiceName, name: string) => {
    const databaseUrl = new URL(database.url);
    databaseUrl.port = String(name.startsWith("gateway") ? 1 : await lay(`${name}>postgres`, database.port));
    const environment = {
      NATS_URL: `nats://127.0.0.1:${await lay(`${name}>nats`, broker.port)}`,
      DATABASE_URL: databaseUrl.toString(),
      LOG_MAX_BYTES: String(logMaxBytes),
      LOG_LEVEL: "info",
    };
    const main = mains[service];
    const started = await openServicePart({
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

  // The query only when a consumer has made the tables.
  for (const name of ["consumer-1", "consumer-2"]) await start("consumer", name);
  await allReady(services.values());
  const query = await start("query", "query");
  const publishUrls: URL[] = [];
  for (const name of ["gateway-1", "gateway-2"]) {
    const { port } = await start("gateway", name);
    publishUrls.push(new URL(`http://127.0.0.1:${await lay(`client>${name}`, port)}/publish`));
  }

  return {
    publishUrls,
    queryUrl: new URL(`http://127.0.0.1:${query.port}`),
    parts: new Map([...services.values(), broker, database].map((part) => [part.name, part])),
    wires,
    disks,
    programs: [`PostgreSQL ${database.version}`, `nats-server ${broker.version}`],
    endings,
    lives: () => 1,
    async fill(holdMs) {
      const ways = [...services.keys()].filter((name) => name.startsWith("consumer")).map((name) => `${name}>nats`);
      for (const way of ways) wires.get(way)?.refuse();
      await delay(holdMs);
      for (const way of ways) wires.get(way)?.heal();
    },
    countRedeliveries: () => broker.countRedeliveries(),
    ready: () => allReady(services.values()),
    async close() {
      for (const part of [...services.values()]) await part.kill();
      for (const wire of wires.values()) await wire.close();
      await broker.close();
      await database.close();
      for (const disk of disks.values()) await disk.unmount();
    },
  };
}

async function allReady(services: Iterable<ServicePart>): Promise<void> {
  for (const service of services) await service.ready();
}
