import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startConsumer } from "@tidemark/consumer/consumer";
import { SAFE } from "@tidemark/domain/durability";
import { createSigner } from "@tidemark/domain/signer";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import { lendThread } from "@tidemark/event-store-sqlite/fixture/lent-threads";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { registerGateway } from "@tidemark/gateway/gateway";
import { registerQuery } from "@tidemark/query/query";
import { ApiKeys } from "@tidemark/runtime/access/api-keys";
import { type KeyEntry, parseKeysFile } from "@tidemark/runtime/access/key-entry";
import { registerHealth } from "@tidemark/runtime/health";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { registerMetrics } from "@tidemark/runtime/metrics/serve-metrics";
import { createLogger } from "@tidemark/telemetry/logger";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { RouteOptions } from "fastify";

export const SHAPES = ["single", "stack"] as const;
export type Shape = (typeof SHAPES)[number];

/** A route as the server itself knows it. */
export interface Route {
  method: string;
  /** With parameters: `/events/:topic/:event_id`. */
  path: string;
  scope: string;
}

interface RequestOptions {
  key?: string;
  body?: string;
  contentType?: string;
  accept?: string;
  prefer?: string;
}

/** The servers of one deployment, with keys. Requests go to the server that has the route, as the edge does. */
export interface ServersWithKeys {
  routes: Route[];
  /** Sends a request with a key, or without one. */
  ask: (method: string, url: string, request?: RequestOptions) => Promise<Response>;
}

/** Returns an entry of a keys file. */
export function entryOf(key: string, entry: Partial<Omit<KeyEntry, "sha256">>): object {
  return { name: key, sha256: createHash("sha256").update(key).digest("hex"), scopes: [], ...entry };
}

/**
 * Opens the servers of a shape as its processes compose them. The log is memory and the store is SQLite in both, because
 * access does not depend on them.
 */
export async function openServersWithKeys(
  shape: Shape,
  entries: object[],
  onEnd: (close: () => Promise<void>) => void,
): Promise<ServersWithKeys> {
  const logger = createLogger({ service: "test", level: "silent" });
  const directory = await mkdtemp(join(tmpdir(), "tidemark-access-"));
  const store = await openSqliteEventStore({ path: join(directory, "test.db"), logger, startThread: lendThread });
  const eventLog = createMemoryEventLog({ maxEvents: 100, maxBytes: 10_000_000 });
  const signals = createMemorySignals();
  const signer = createSigner(["a key of a test that signs receipts and cursors"]);
  const apiKeys = new ApiKeys(parseKeysFile(JSON.stringify(entries)));
  const registered: RouteOptions[] = [];
  const metrics = new Metrics();
  const createServer = () => {
    const server = createHttpServer({ logger, apiKeys, ...(shape === "single" && { metrics }) });
    server.addHook("onRoute", (route) => {
      registered.push(route);
    });
    return server;
  };
  const gateway = createServer();
  const query = shape === "single" ? gateway : createServer();
  registerGateway(gateway, {
    eventLog,
    signals,
    signer,
    maxBatchEvents: 100,
    maxBodyBytes: 1_000_000,
    publishWaitMs: 60_000,
    closeWaitMs: 1_000,
    onVerdictTimeout: shape === "single" ? "unknown" : "receipt",
  });
  if (shape === "stack") registerHealth(gateway, { checks: {} });
  else registerMetrics(gateway, metrics);
  const readLogSnapshot = () => eventLog.snapshot();
  registerQuery(query, { store, storeCommands: store, readLogSnapshot, signals, signer, startedAtMs: Date.now() });
  const durability = { current: SAFE };
  const consumer = startConsumer({ eventLog, store, signals, durability, logger });
  const servers = new Set([gateway, query]);
  onEnd(async () => {
    for (const server of servers) await server.close();
    await consumer.stop();
    await store.close();
    await rm(directory, { recursive: true });
  });
  for (const server of servers) await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    routes: registered.flatMap(routesOf).filter(({ method }) => method !== "HEAD"),
    ask: (method, url, { key, body, contentType = "application/json", accept, prefer } = {}) => {
      const { listeningOrigin } = url.startsWith("/publish") ? gateway : query;
      const headers = {
        "content-type": contentType,
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(accept !== undefined && { accept }),
        ...(prefer !== undefined && { prefer }),
      };
      return fetch(new URL(listeningOrigin + url), { method, headers, body: body ?? null, redirect: "manual" });
    },
  };
}

function routesOf({ method, url, config }: RouteOptions): Route[] {
  const scope = [config?.scope].flat().join(" or ");
  return [method].flat().map((name) => ({ method: name, path: url, scope }));
}
