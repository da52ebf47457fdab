import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import type { Operation } from "./operation.ts";
import { audit } from "./operations/audit-api.ts";
import { deleteDeadLetter, listDeadLetters, redriveDeadLetter } from "./operations/dead-letters-api.ts";
import { listDuplicates } from "./operations/duplicates-api.ts";
import { eraseEvent, eraseEventByQuery } from "./operations/erasure-api.ts";
import { findEvent, listEvents } from "./operations/events-api.ts";
import { readHealth, readLiveness, readReadiness } from "./operations/health-api.ts";
import { readHistory } from "./operations/history-api.ts";
import { readMetrics } from "./operations/metrics-api.ts";
import { readDashboard, readDocs, readOpenApi, readReference } from "./operations/pages-api.ts";
import { publish } from "./operations/publish-api.ts";
import { readReceipt } from "./operations/receipts-api.ts";
import { readStats } from "./operations/stats-api.ts";
import { streamEvents } from "./operations/stream-api.ts";
import {
  acknowledge,
  deleteSubscription,
  findSubscription,
  listSubscriptions,
  putSubscription,
  readSubscription,
} from "./operations/subscriptions/subscriptions-api.ts";
import { listTopics } from "./operations/topics-api.ts";
import { readWhoami } from "./operations/whoami-api.ts";
import { KEY_RESPONSES, ProblemSchema } from "./problem-schema.ts";
import type { RouteScope, Scope } from "./scope.ts";

/** Every route of every service, in the order of the document. */
const OPERATIONS: Operation[] = [
  publish,
  readReceipt,
  listEvents,
  streamEvents,
  findEvent,
  eraseEvent,
  eraseEventByQuery,
  putSubscription,
  listSubscriptions,
  findSubscription,
  readSubscription,
  acknowledge,
  deleteSubscription,
  listDuplicates,
  listDeadLetters,
  deleteDeadLetter,
  redriveDeadLetter,
  readStats,
  listTopics,
  readHistory,
  audit,
  readHealth,
  readLiveness,
  readReadiness,
  readMetrics,
  readWhoami,
  readOpenApi,
  readDocs,
  readReference,
  readDashboard,
];

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Creates the contract of all services as one OpenAPI 3.1 document, from the same schemas that validate. */
export function createOpenApiDocument({ version }: { version: string }): OpenApiDocument {
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Tidemark",
      version,
      description:
        "Tidemark accepts events, stores the first event of every `(topic, event_id)`, drops its duplicates, and counts " +
        "all of them in its books.\n\n" +
        "This document describes both deployments. `single` is one process. In the stack a proxy stands in front of the " +
        "services: only it answers `service_unreachable`, and `outcome_unknown` with 504. Only the stack answers 202 with a " +
        "receipt, and only single answers `queue_full`.\n\n" +
        "Every error is a problem (RFC 9457) with a stable `code`. After any 5xx, and after any lost answer, it is safe to " +
        "send the request again. An unknown path is answered 404 `not_found`. An unknown method at a known path is answered " +
        "405 `method_not_allowed`, with `Allow`. Every path that answers `GET` also answers `HEAD`, except " +
        "`/events/stream`.\n\n" +
        "A service with keys answers 401 to every request without one, except to `/livez`, `/readyz`, `/health` and the files " +
        "of the dashboard. Each key has scopes: `publish`, `read` and `admin`, none of which implies another. A key may also " +
        "be limited to topics that begin with certain prefixes.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: ".", description: "This service" }], // relative to the document, so that it is right behind any path prefix,
    tags: [
      { name: "Publish", description: "Send events, and read their verdicts." },
      { name: "Events", description: "Read the stored events." },
      { name: "Subscriptions", description: "Follow events with a position that the service keeps." },
      { name: "Books", description: "Read what was received, stored and dropped, event by event or as counts." },
      { name: "Health", description: "For orchestrators, monitors and people on call." },
      { name: "Pages", description: "Pages for people, and this document." },
    ],
    components: {
      schemas: { Problem: ProblemSchema }, // the schemas of problems refer to it
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A key. Needed where the service has keys." },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same key in another header." },
      },
    },
    paths: pathsOf(OPERATIONS),
  });
}

/** Groups operations by their paths, as OpenAPI does. */
function pathsOf(operations: Operation[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, scope, ...operation } of operations) {
    paths[path] = {
      ...paths[path],
      [method]: scope === "none" ? { ...operation, security: [] } : withKey(operation, scope),
    };
  }
  return paths;
}

/** Adds the key that an operation needs, and the answers to a request without it. */
function withKey(operation: ZodOpenApiOperationObject, scope: Exclude<RouteScope, "none">): ZodOpenApiOperationObject {
  const keyWith = (scope: Scope): Record<string, string[]>[] => [{ bearer: [scope] }, { apiKey: [scope] }];
  return {
    ...operation,
    security: [scope].flat().flatMap((scope) => keyWith(scope as Scope)),
    responses: { ...KEY_RESPONSES, ...operation.responses },
  };
}
