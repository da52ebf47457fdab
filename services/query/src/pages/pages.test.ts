import { readFileSync } from "node:fs";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, test } from "vitest";
import { registerPages } from "./pages.ts";

function createPages({ version = "1.2.3" } = {}) {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  registerPages(server, { version });
  return server;
}

const PAGES = ["/", "/docs/", "/redoc/"];

/** Returns the addresses that a page makes the browser load. */
function loaded(html: string): string[] {
  return [...html.matchAll(/<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="([^"]*)"/g)].map(([, url]) => `${url}`);
}

test.each(PAGES)("the page %s loads only files that this service serves", async (page) => {
  const server = createPages();
  const answer = await server.inject(page);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toContain("text/html");
  const urls = loaded(answer.body).filter((url) => !url.startsWith("data:"));
  expect(urls.length).toBeGreaterThan(0);
  for (const url of urls) {
    // Behind a proxy that strips a path prefix.
    const { origin, pathname } = new URL(url, `http://this.service/intake${page}`);
    expect(origin).toBe("http://this.service");
    expect(pathname).toMatch(/^\/intake\//);
    expect((await server.inject(pathname.slice("/intake".length))).statusCode, pathname).toBe(200);
  }
});

test.each(PAGES)("the page %s is laid out for the width of a phone", async (page) => {
  const { body } = await createPages().inject(page);
  expect(body.match(/<meta name="viewport" content="width=device-width/g)).toHaveLength(1);
});

test.each(PAGES)("the policy of the page %s allows connections only to this service", async (page) => {
  const policy = (await createPages().inject(page)).headers["content-security-policy"];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
});

test.each([...PAGES, "/dashboard/main.js", "/docs/static/swagger-ui.css"])(
  "%s is not sniffed, framed or named to other sites",
  async (path) => {
    const { headers } = await createPages().inject(path);
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  },
);

test("the dashboard has no inline script and no inline style", async () => {
  const answer = await createPages().inject("/");
  expect(answer.headers["content-security-policy"]).not.toContain("unsafe-inline");
  expect(answer.body).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
});

test("the reference page shows /openapi.json, and sends no request to the maker of Redoc", async () => {
  const server = createPages();
  const { body } = await server.inject("/redoc/");
  expect(body).toContain('<redoc spec-url="../openapi.json" disable-telemetry="true">');
  expect((await server.inject("/redoc/redoc.standalone.js")).body).not.toContain("https://cdn.redoc.ly");
});

test.each(["docs", "redoc"])("/%s redirects to the page, relative to its own address", async (name) => {
  const answer = await createPages().inject(`/${name}`);
  expect(answer.statusCode).toBe(301);
  expect(answer.headers.location).toBe(`${name}/`);
});

test("/openapi.json and /docs/json are the same document, each with the relative address of the service", async () => {
  const server = createPages();
  const document = (await server.inject("/openapi.json")).json();
  expect(document).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
  expect(document.servers).toEqual([{ url: ".", description: "This service" }]);
  const servers = [{ url: "..", description: "This service" }];
  expect((await server.inject("/docs/json")).json()).toEqual({ ...document, servers });
});

test("docs/openapi.json equals the document that is served (`npm run openapi` writes it)", async () => {
  const committed = readFileSync(new URL("../../../../docs/openapi.json", import.meta.url), "utf8");
  const served = await createPages({ version: VERSION }).inject("/openapi.json");
  expect(JSON.stringify(JSON.parse(committed), null, 2)).toBe(JSON.stringify(served.json(), null, 2));
});

test("the modules of the pages are served, and tests and types beside them are not", async () => {
  const server = createPages();
  expect((await server.inject("/dashboard/text/json-text.js")).statusCode).toBe(200);
  const others = ["/../package.json", "/%2e%2e/package.json", "/redoc/redoc.js"];
  for (const url of ["/dashboard/text/json-text.test.ts", ...others]) {
    expect((await server.inject(url)).statusCode, url).toBe(404);
  }
});
