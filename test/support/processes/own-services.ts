import { inject, onTestFinished } from "vitest";
import { createDatabase } from "../databases/postgres-database.ts";
import { type Broker, type BrokerOptions, startBroker } from "./nats-broker.ts";
import { launchService, type ServiceProcess, waitUntilReady } from "./service-process.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

// Processes, a broker and databases that belong to one test and end with it.

// The broker reserves the disk space of a stream, and a test's broker has little.
const LOG_MAX_BYTES = "64000000";
const SIGNING_KEY = "the tests of the services sign with this key";

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

/** Starts a proxy to a server, so that the test can cut its connections. */
export async function startOwnProxy(serverUrl: string): Promise<TcpProxy> {
  const proxy = await startTcpProxy(serverUrl);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Starts a service without waiting until it is ready. */
export async function launchOwnService(
  name: string,
  environment: Record<string, string>,
  nodeFlags?: readonly string[],
): Promise<ServiceProcess> {
  const signing: Record<string, string> = name === "single" ? {} : { SIGNING_KEY }; // single makes one itself
  const service = await launchService(name, { LOG_MAX_BYTES, ...signing, ...environment }, nodeFlags);
  onTestFinished(async () => void (await service.end("SIGKILL")));
  return service;
}

/** Starts a service and waits until it is ready. */
export async function startOwnService(
  name: string,
  environment: Record<string, string>,
  nodeFlags?: readonly string[],
): Promise<ServiceProcess> {
  const service = await launchOwnService(name, environment, nodeFlags);
  await waitUntilReady(service);
  return service;
}
