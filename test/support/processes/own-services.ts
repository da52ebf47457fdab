import { inject, onTestFinished } from "vitest";
import { createDatabase } from "../databases/postgres-database.ts";
import { type Broker, type BrokerOptions, startBroker } from "./nats-broker.ts";
import { launchService, type ServiceProcess, untilReady } from "./service-process.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** What a test has for itself, ended when it has: real processes, a broker and a database that no other test sees. */

// The broker sets the disk of a stream aside, and its own is small.
const LOG_MAX_BYTES = "64000000";

export async function startOwnBroker(options?: BrokerOptions): Promise<Broker> {
  const broker = await startBroker(options);
  onTestFinished(() => broker.stop());
  return broker;
}

export async function createOwnDatabase(): Promise<{ url: string }> {
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  return database;
}

/** A wire of a test's own to a server, to be cut. */
export async function startOwnProxy(serverUrl: string): Promise<TcpProxy> {
  const proxy = await startTcpProxy(serverUrl);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Starts a service and does not wait for it. */
export async function launchOwn(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await launchService(name, { LOG_MAX_BYTES, ...environment });
  onTestFinished(async () => void (await service.end("SIGKILL")));
  return service;
}

/** Starts a service and waits until it is ready. */
export async function startOwn(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await launchOwn(name, environment);
  await untilReady(service);
  return service;
}
