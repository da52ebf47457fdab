import { randomUUID } from "node:crypto";
import fastifyStatic from "@fastify/static";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import scalar from "@scalar/fastify-api-reference";
import { dashboardDirectory } from "@tidemark/dashboard/dashboard";
import { InvalidInput } from "@tidemark/shared/errors";
import { createOpenApiDocument } from "@tidemark/shared/http-api/openapi-document";
import type { FastifyInstance } from "fastify";
import { contentSecurityPolicy } from "./content-security.ts";

const POLICY = "content-security-policy";
// Both document pages put style attributes on what they draw, which no nonce can allow.
const INLINE_STYLES = ["'unsafe-inline'"];

/** `GET /`, `/openapi.json`, `/docs` and `/redoc`. None of the pages needs any network but this service. */
export function registerPages(server: FastifyInstance, { version }: { version: string }): void {
  const document = createOpenApiDocument({ version });
  const documentText = JSON.stringify(document);
  server.get("/openapi.json", async (_request, reply) =>
    reply.header("content-type", "application/json; charset=utf-8").send(documentText),
  );

  server.register(swagger, { mode: "static", specification: { document: JSON.parse(documentText) } });
  server.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: contentSecurityPolicy({ styles: INLINE_STYLES }),
    theme: { title: "Tidemark API" },
  });

  // Browsers ask for it on pages that are not ours to change; there is none.
  server.get("/favicon.ico", (_request, reply) => reply.code(204).send());

  registerReference(server);

  server.register(fastifyStatic, {
    root: dashboardDirectory,
    wildcard: false, // each file has a route, so that an address without one stays unknown
    decorateReply: false,
    setHeaders: (reply) => reply.header(POLICY, contentSecurityPolicy()),
  });
}

function registerReference(server: FastifyInstance): void {
  const nonce = randomUUID();
  const policy = contentSecurityPolicy({ scripts: [`'nonce-${nonce}'`], styles: INLINE_STYLES });
  server.register(scalar, {
    routePrefix: "/redoc",
    hooks: {
      onRequest: (request, reply, done) => {
        reply.header(POLICY, policy);
        done(faultOfHost(request.hostname));
      },
    },
    configuration: {
      url: "/openapi.json",
      pageTitle: "Tidemark API reference",
      nonce,
      // What of it would leave this service: fonts, statistics, a proxy for requests, and offers of its maker.
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: "never",
      hideClientButton: true,
    },
  });
}

/** The reference page makes a URL of the host, and fails where that is none. */
function faultOfHost(host: string): InvalidInput | undefined {
  if (URL.canParse(`http://${host}`)) return undefined;
  return new InvalidInput({ code: "bad_request", status: 400, detail: "the Host header names no host" });
}
