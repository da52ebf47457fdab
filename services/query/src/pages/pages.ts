import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { createOpenApiDocument } from "@tidemark/http-api/openapi-document";
import { readDashboard, readDocs, readOpenApi, readReference } from "@tidemark/http-api/operations/pages-api";
import type { RouteScope } from "@tidemark/http-api/scope";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";
import { contentSecurityPolicy, PAGE_HEADERS } from "./content-security.ts";

const POLICY = "content-security-policy";
// Swagger UI and Redoc set style attributes on what they draw, which no nonce can allow.
const DOCUMENT_POLICY = contentSecurityPolicy({ styles: ["'unsafe-inline'"] });

const VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">';

/** Registers `GET /`, `/openapi.json`, `/docs` and `/redoc`. The pages need no network but this service. */
export function registerPages(server: FastifyInstance, { version }: { version: string }): void {
  const documentText = JSON.stringify(createOpenApiDocument({ version }));
  registerOperation(server, readOpenApi, async (_request, reply) =>
    reply.header("content-type", "application/json; charset=utf-8").send(documentText),
  );

  registerTryout(server, documentText);

  // Browsers request this icon for the document pages, which name no icon.
  server.get("/favicon.ico", { config: { scope: "none" } }, (_request, reply) => reply.code(204).send());

  const dashboard = dirname(fileURLToPath(import.meta.resolve("@tidemark/dashboard/index.html")));
  registerFiles(server, {
    root: dashboard,
    prefix: "/",
    policy: contentSecurityPolicy(),
    scope: readDashboard.scope,
  });
  registerReference(server);
}

/** Registers Swagger UI at `/docs/`. Its document is one level below `/openapi.json`, which the address of the service is relative to. */
function registerTryout(server: FastifyInstance, documentText: string): void {
  const document = JSON.parse(documentText);
  const servers = document.servers.map((entry: object) => ({ ...entry, url: ".." }));
  server.register(swagger, { mode: "static", specification: { document: { ...document, servers } } });
  server.register(async (scope) => {
    declareScope(scope, readDocs.scope);
    scope.addHook("onSend", async (_request, reply, payload) => {
      reply.headers(PAGE_HEADERS);
      // Swagger UI's own page has no viewport, so a phone would lay it out 980 px wide.
      return isPage(payload) ? payload.replace(/<title>/, `${VIEWPORT}<title>`) : payload;
    });
    await scope.register(swaggerUi, {
      routePrefix: "/docs",
      staticCSP: DOCUMENT_POLICY,
      theme: { title: "Tidemark API" },
      uiHooks: {
        onRequest: (request, reply, done) => {
          // At /docs the page would name its files by absolute paths, which a path prefix breaks.
          if (request.url.split("?")[0] === "/docs") reply.redirect("docs/", 301);
          else done();
        },
      },
    });
  });
}

function isPage(payload: unknown): payload is string {
  return typeof payload === "string" && payload.includes("<!DOCTYPE html>");
}

/** Registers the reference page, which is Redoc's own bundle. */
function registerReference(server: FastifyInstance): void {
  const bundlePath = fileURLToPath(import.meta.resolve("redoc/bundles/redoc.standalone.js"));
  registerOperation(server, readReference, (_request, reply) => reply.redirect("redoc/", 301));
  registerFiles(server, {
    root: fileURLToPath(new URL("./redoc", import.meta.url)),
    prefix: "/redoc/",
    policy: DOCUMENT_POLICY,
    scope: readReference.scope,
  });
  server.get("/redoc/redoc.standalone.js", { config: { scope: readReference.scope } }, async (_request, reply) => {
    const bundle = await readFile(bundlePath, "utf8");
    // Redoc loads its maker's logo from this address with any options. It shows no logo if there is none at the
    // address.
    return reply
      .type("text/javascript; charset=utf-8")
      .send(bundle.replaceAll("https://cdn.redoc.ly/redoc/", "data:,"));
  });
}

interface Files {
  root: string;
  prefix: string;
  policy: string;
  scope: RouteScope;
}

/** Registers a route for each file of a folder, so that an address without a file stays unknown. */
function registerFiles(server: FastifyInstance, { root, prefix, policy, scope }: Files): void {
  server.register(async (files) => {
    declareScope(files, scope);
    await files.register(fastifyStatic, {
      root,
      prefix,
      wildcard: false,
      globIgnore: ["**/*.ts"], // the folder also contains tests and types
      decorateReply: false,
      setHeaders: (reply) => reply.headers({ ...PAGE_HEADERS, [POLICY]: policy }),
    });
  });
}

/** Declares the scope of the routes that a plugin registers. */
function declareScope(server: FastifyInstance, scope: RouteScope): void {
  server.addHook("onRoute", (route) => {
    route.config = { ...route.config, scope };
  });
}
