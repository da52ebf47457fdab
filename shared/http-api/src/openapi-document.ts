import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import type { Operation } from "./operation.ts";
import { audit } from "./operations/audit-api.ts";
import { deleteDeadLetter, listDeadLetters, redriveDeadLetter } from "./operations/dead-letters-api.ts";
import { listDuplicates } from "./operations/duplicates-api.ts";
import { findEvent, listEvents } from "./operations/events-api.ts";
import { readHealth, readLiveness, readReadiness } from "./operations/health-api.ts";
import { readDashboard, readDocs, readOpenApi, readReference } from "./operations/pages-api.ts";
import { publish } from "./operations/publish-api.ts";
import { readReceipt } from "./operations/receipts-api.ts";
import { readStats } from "./operations/stats-api.ts";
import { streamEvents } from "./operations/stream-api.ts";
import { ProblemSchema } from "./problem-schema.ts";

/** Every route of every service, in the order of the document. */
const OPERATIONS: Operation[] = [
  publish,
  readReceipt,
  listEvents,
  streamEvents,
  findEvent,
  listDuplicates,
  listDeadLetters,
  deleteDeadLetter,
  redriveDeadLetter,
  readStats,
  audit,
  readHealth,
  readLiveness,
  readReadiness,
  readOpenApi,
  readDocs,
  readReference,
  readDashboard,
];

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The contract of all services, as one OpenAPI 3.1 document, from the schemas that validate. */
export function createOpenApiDocument({ version }: { version: string }): OpenApiDocument {
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Tidemark",
      version,
      description:
        "Takes in events, stores the first copy of every `(topic, event_id)`, drops the others, and keeps the books.\n\n" +
        "One document for both shapes. `single` is one process; in the stack an edge stands before the services, and the " +
        "problems `service_unreachable` and, with 504, `outcome_unknown` are the edge's own. A 202 and its receipt are the " +
        "stack's, `queue_full` is single's.\n\n" +
        "Every error is a problem (RFC 9457) with a stable `code`. Any 5xx, and any answer that got lost, is safe to send " +
        "again. An address that is not here is 404 `not_found`; another method at one that is here is 405 " +
        "`method_not_allowed`, with `Allow`. `HEAD` is answered wherever `GET` is, but for `/events/stream`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This service" }],
    tags: [
      { name: "Publish", description: "Sending events, and what became of them." },
      { name: "Events", description: "Reading what is stored." },
      { name: "Books", description: "What was received, stored and dropped." },
      { name: "Health", description: "For orchestrators and people on call." },
      { name: "Pages", description: "For people." },
    ],
    components: { schemas: { Problem: ProblemSchema } }, // problems name it
    paths: pathsOf(OPERATIONS),
  });
}

/** Groups operations by their paths, as OpenAPI does. */
function pathsOf(operations: Operation[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, ...operation } of operations) paths[path] = { ...paths[path], [method]: operation };
  return paths;
}
