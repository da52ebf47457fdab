import { hostname } from "node:os";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test } from "vitest";
import { ApiKeys } from "../access/api-keys.ts";
import { createHttpServer } from "../http-server.ts";
import type { BrowserRules } from "./browser-rules.ts";

function openServer(browsers: BrowserRules = {}) {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }), browsers });
  const config = { scope: "none" } as const;
  server.get("/events", { config }, (_request, reply) => reply.header("vary", "Accept").send({}));
  server.get("/livez", { config }, () => ({}));
  server.post("/dead-letters/:id/redrive", { config }, () => ({}));
  onTestFinished(() => server.close());
  return server;
}

/** Returns the status of a GET with this Host header. */
async function statusAt(host: string, rules: BrowserRules = {}): Promise<number> {
  return (await openServer(rules).inject({ url: "/events", headers: { host } })).statusCode;
}

test.each([
  "localhost",
  "LOCALHOST:8080",
  "localhost.",
  "a.localhost:1",
  "127.0.0.1:8080",
  "192.168.1.7",
  "[::1]:8080",
  "edge:8080",
  hostname(),
])("the host %s is known without a setting", async (host) => {
  expect(await statusAt(host)).toBe(200);
});

test.each(["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "notlocalhost"])(
  "the host %j is refused, because its DNS server could direct a page of another site to this service",
  async (host) => {
    const answer = await openServer().inject({ url: "/events", headers: { host } });
    expect(answer.statusCode).toBe(421);
    expect(answer.json()).toMatchObject({ code: "unknown_host", detail: expect.stringContaining("ALLOWED_HOSTS") });
  },
);

test("the host that the server listens on is known", async () => {
  expect(await statusAt("tidemark.internal:8080", { host: "tidemark.internal" })).toBe(200);
});

test.each([
  ["tidemark.example.com", ["other.example", "tidemark.example.com"], 200],
  ["a.b.example.com:443", ["*.example.com"], 200],
  ["example.com", ["*.example.com"], 421],
  ["badexample.com", ["*.example.com"], 421],
  ["anything.example", ["*"], 200],
  ["localhost", ["tidemark.example.com"], 200],
])("the host %s with ALLOWED_HOSTS=%s is answered %i", async (host, allowedHosts, status) => {
  expect(await statusAt(host, { allowedHosts })).toBe(status);
});

test("a long host is cut in the answer", async () => {
  const answer = await openServer().inject({ url: "/events", headers: { host: `${"a".repeat(9_000)}.example` } });
  expect(answer.statusCode).toBe(421);
  expect(answer.body.length).toBeLessThan(600);
});

test("probes of orchestrators are answered at any host", async () => {
  const answer = await openServer().inject({ url: "/livez", headers: { host: "tidemark-1.pods.example" } });
  expect(answer.statusCode).toBe(200);
});

const CHANGE = { method: "POST", url: "/dead-letters/1/redrive" } as const;

test.each<[string, Record<string, string>]>([
  ["a form of another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
  ["a page of a neighbour domain", { origin: "http://a.localhost", "sec-fetch-site": "same-site" }],
  ["another site, without Origin", { "sec-fetch-site": "cross-site" }],
  ["a page over plain HTTP, which has no Sec-Fetch-Site", { origin: "http://evil.example" }],
  ["the same machine, another port", { origin: "http://localhost:3000" }],
  ["a sandboxed frame or a file", { origin: "null" }],
  ["a page with a malformed origin", { origin: "nonsense" }],
])("a request that changes something is refused: from %s", async (_from, headers) => {
  const form = { ...headers, host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" };
  const answer = await openServer().inject({ ...CHANGE, headers: form, payload: "a=b" });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ code: "cross_site", detail: expect.stringContaining("CORS_ORIGINS") });
});

test.each<[string, Record<string, string>]>([
  ["a program", {}],
  ["the dashboard", { origin: "http://localhost:8080", "sec-fetch-site": "same-origin" }],
  ["the dashboard over plain HTTP", { origin: "http://localhost:8080" }],
  [
    "the dashboard behind a proxy that ends TLS",
    { origin: "https://tidemark.example.com", host: "tidemark.example.com" },
  ],
  ["a navigation by the user, without a page", { "sec-fetch-site": "none" }],
])("a request that changes something is served: from %s", async (_from, headers) => {
  const rules = { allowedHosts: ["tidemark.example.com"] };
  const answer = await openServer(rules).inject({ ...CHANGE, headers: { host: "localhost:8080", ...headers } });
  expect(answer.statusCode).toBe(200);
});

test("a page of another site may request data, and the browser hides the answer from it", async () => {
  const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const answer = await openServer().inject({ url: "/events", headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
});

const APP = "https://app.example.com";

test("a page of an allowed origin may read and change data, and read the headers of the answer", async () => {
  const server = openServer({ corsOrigins: ["http://localhost:3000", APP] });
  const headers = { origin: APP, "sec-fetch-site": "cross-site" };
  const changed = await server.inject({ ...CHANGE, headers });
  expect(changed.statusCode).toBe(200);
  expect(changed.headers["access-control-allow-origin"]).toBe(APP);
  expect(String(changed.headers["access-control-expose-headers"]).split(", ")).toEqual([
    "Allow",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
  ]);
  expect((await server.inject({ url: "/events", headers })).headers.vary).toBe("Accept, Origin");
  expect((await server.inject({ url: "/nothing", headers })).headers["access-control-allow-origin"]).toBe(APP);
});

test("the preflight of an allowed origin is answered for any route and header, without a key", async () => {
  const server = openServer({ corsOrigins: [APP] });
  const answer = await server.inject({
    method: "OPTIONS",
    url: "/publish",
    headers: {
      origin: APP,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,ce-id",
    },
  });
  expect(answer.statusCode).toBe(204);
  expect(answer.headers).toMatchObject({
    "access-control-allow-origin": APP,
    "access-control-allow-methods": expect.stringContaining("POST"),
    "access-control-allow-headers": "authorization,content-type,ce-id",
    vary: "Origin",
  });
});

test("the preflight of any other origin is refused", async () => {
  const server = openServer({ corsOrigins: [APP] });
  const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
  const answer = await server.inject({ method: "OPTIONS", url: "/dead-letters/1/redrive", headers });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
});

/** A server that requires keys. The tests send none. */
function openKeyed(browsers: BrowserRules = {}) {
  const logger = createLogger({ service: "test", level: "silent" });
  const server = createHttpServer({ logger, browsers, apiKeys: new ApiKeys([]) });
  server.get("/events", { config: { scope: "read" } }, () => ({}));
  onTestFinished(() => server.close());
  return server;
}

test("on a server with keys, a preflight needs no key, and a page can read why its request is refused", async () => {
  const server = openKeyed({ corsOrigins: [APP] });
  const preflight = { origin: APP, "access-control-request-method": "GET" };
  expect((await server.inject({ method: "OPTIONS", url: "/events", headers: preflight })).statusCode).toBe(204);
  const refused = await server.inject({ url: "/events", headers: { origin: APP } });
  expect(refused.statusCode).toBe(401);
  expect(refused.headers["access-control-allow-origin"]).toBe(APP);
});

test("on a server with keys, the host is checked only if ALLOWED_HOSTS is set", async () => {
  const headers = { host: "any.example" };
  expect((await openKeyed().inject({ url: "/events", headers })).statusCode).toBe(401);
  const strict = openKeyed({ allowedHosts: ["tidemark.example.com"] });
  expect((await strict.inject({ url: "/events", headers })).statusCode).toBe(421);
});
