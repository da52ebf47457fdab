import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { InvalidInput } from "@tidemark/domain/errors";
import { createOpenApiDocument } from "@tidemark/http-api/openapi-document";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
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
    root: dirname(fileURLToPath(import.meta.resolve("@tidemark/dashboard/index.html"))),
    globIgnore: ["**/*.ts"], // tests and types stand beside the modules
    wildcard: false, // each file has a route, so that an address without one stays unknown
    decorateReply: false,
    setHeaders: (reply) => reply.header(POLICY, contentSecurityPolicy()),
  });
}

/**
 * The reference page is made by a server of its own when it is first asked for: the package holds the page's program as a
 * text in memory, some 40 MB that most processes never need.
 */
function registerReference(server: FastifyInstance): void {
  let opening: Promise<FastifyInstance> | undefined;
  const serve = async ({ url, hostname }: FastifyRequest, reply: FastifyReply) => {
    requireHostName(hostname);
    opening ??= openReference();
    const { statusCode, headers, rawPayload } = await (await opening).inject(url);
    return reply
      .code(statusCode)
      .headers({ "content-type": headers["content-type"], [POLICY]: headers[POLICY] })
      .send(rawPayload);
  };
  server.get("/redoc", (_request, reply) => reply.redirect("/redoc/", 301));
  for (const path of ["/redoc/", "/redoc/js/scalar.js"]) server.get(path, serve);
}

async function openReference(): Promise<FastifyInstance> {
  const { default: scalar } = await import("@scalar/fastify-api-reference");
  const nonce = randomUUID();
  const policy = contentSecurityPolicy({ scripts: [`'nonce-${nonce}'`], styles: INLINE_STYLES });
  const reference = Fastify();
  reference.addHook("onSend", async (_request, reply) => void reply.header(POLICY, policy));
  await reference.register(scalar, {
    routePrefix: "/redoc",
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
  return reference;
}

/** The package makes a URL of the host, which is not every text. @throws {InvalidInput} */
function requireHostName(host: string): void {
  if (URL.canParse(`http://${host}`)) return;
  throw new InvalidInput({ code: "bad_request", status: 400, detail: "the Host header names no host" });
}
