import { NO_PARAMETERS } from "@tidemark/http-api/operation";
import { readMetrics } from "@tidemark/http-api/operations/metrics-api";
import type { Logger } from "@tidemark/telemetry/logger";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { FastifyInstance } from "fastify";
import { clientOf } from "../access/client.ts";
import { requireAllTopics } from "../access/topic-reach.ts";
import { coalesce } from "../coalesce.ts";
import { createHttpServer } from "../http-server.ts";

/** Registers `GET /metrics` among the routes of a service, for keys that reach all topics. */
export function registerMetrics(server: FastifyInstance, metrics: Metrics): void {
  const write = coalesce((_key: "all") => metrics.text());
  const schema = { querystring: NO_PARAMETERS };
  server.get(readMetrics.path, { schema, config: { scope: readMetrics.scope } }, async (request, reply) => {
    requireAllTopics(clientOf(request), "the metrics");
    return reply.header("content-type", metrics.contentType).send(await write("all"));
  });
}

export interface MetricsServerOptions {
  metrics: Metrics;
  host: string;
  /** `METRICS_PORT`. 0: no server. */
  port: number;
  /** Further names by which the server may be called: `ALLOWED_HOSTS`. */
  allowedHosts?: readonly string[] | undefined;
  logger: Logger;
}

export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * Serves only `GET /metrics` on a separate port. The port needs no key, because it belongs into a network that only the
 * monitoring reaches.
 */
export async function startMetricsServer({
  metrics,
  host,
  port,
  allowedHosts,
  logger,
}: MetricsServerOptions): Promise<MetricsServer> {
  if (port === 0) return { close: async () => undefined };
  const server = createHttpServer({ logger, closeWaitMs: 0, browsers: { host, allowedHosts } });
  const write = coalesce((_key: "all") => metrics.text());
  server.get(readMetrics.path, { config: { scope: "none" } }, async (_request, reply) =>
    reply.header("content-type", metrics.contentType).send(await write("all")),
  );
  const url = await server.listen({ host, port });
  logger.info(`metrics are at ${url}/metrics`);
  return server;
}
