import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { FastifyInstance, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyReply {
    /** The `code` of the problem with which the request is answered. Null for any other answer. */
    problemCode: string | null;
  }
}

/** Counts a problem that is written to a socket directly, because the request could not be read. */
export type CountUnread = (problem: { status: number; code: string }) => void;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const UNKNOWN_ROUTE = "unknown";
const OTHER_METHOD = "other";

/** Counts and times every request that is answered, by its route, and counts the problems among the answers by their code. */
export function countRequests(server: FastifyInstance, metrics: Metrics): CountUnread {
  const requests = metrics.counter({
    name: "tidemark_requests_total",
    help: "Requests that were answered.",
    labels: ["route", "method", "status"],
  });
  const seconds = metrics.histogram({
    name: "tidemark_request_seconds",
    help: "The time from the headers of a request to the end of its answer.",
    labels: ["route"],
    buckets: SECONDS,
  });
  const refusals = metrics.counter({
    name: "tidemark_refusals_total",
    help: "Requests that were answered with a problem, by its code.",
    labels: ["code"],
  });

  const routeOf = createRouteNames();
  server.addHook("onResponse", (request, reply, done) => {
    const route = routeOf(request);
    const method = METHODS.has(request.method) ? request.method : OTHER_METHOD;
    requests.inc({ route, method, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1_000);
    if (reply.problemCode !== null) refusals.inc({ code: reply.problemCode });
    done();
  });
  return ({ status, code }) => {
    requests.inc({ route: UNKNOWN_ROUTE, method: OTHER_METHOD, status });
    refusals.inc({ code });
  };
}

/**
 * Returns a function that names the route of a request as the API does: `/events/{topic}/{event_id}`. All files of a
 * folder share one name, because each file is a separate route.
 */
function createRouteNames(): (request: FastifyRequest) => string {
  const names = new Map<string, string>();
  return ({ is404, routeOptions: { url } }) => {
    if (is404 || url === undefined) return UNKNOWN_ROUTE;
    let name = names.get(url);
    if (name === undefined) {
      const withoutSlash = url.replace(/(.)\/$/, "$1");
      name = withoutSlash.replace(/^(\/\w+)\/.*(\.\w+|\*)$/, "$1/*").replaceAll(/:(\w+)/g, "{$1}");
      names.set(url, name);
    }
    return name;
  };
}
