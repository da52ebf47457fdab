import { once } from "node:events";
import { Agent, get, type IncomingMessage, request as send } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { InvalidInput, LimitExceeded, Unavailable } from "@tidemark/domain/errors";
import { createLogger } from "@tidemark/telemetry/logger";
import type { FastifyInstance } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { clientOf } from "./access/client.ts";
import { createHttpServer } from "./http-server.ts";
import { readSettings } from "./read-settings.ts";
import { HttpSettings } from "./settings.ts";

const OPEN = { config: { scope: "none" } } as const;

const silent = createLogger({ service: "test", level: "silent" });

function openServer({ closeWaitMs = 60_000, slow = Promise.resolve({}), logger = silent } = {}) {
  const server = createHttpServer({ logger, closeWaitMs });
  server.get("/invalid", OPEN, () => {
    const faults = [{ pointer: "/a", detail: "is wrong" }];
    throw new InvalidInput({ code: "invalid_event", status: 422, detail: "wrong", faults, faultsTotal: 7 });
  });
  server.get("/down", OPEN, () => {
    throw new Unavailable({ code: "store_unreachable", detail: "down", retryAfterSeconds: 2.5 });
  });
  server.get("/limited", OPEN, () => {
    throw new LimitExceeded({ code: "rate_limited", detail: "too much", retryAfterSeconds: 80.2 });
  });
  server.get("/things/:name", OPEN, () => ({}));
  server.get("/slow", OPEN, () => slow);
  server.get("/bug", OPEN, () => {
    throw new Error("secret");
  });
  server.get(
    "/checked",
    { ...OPEN, schema: { querystring: z.strictObject({ limit: z.coerce.number().max(5) }) } },
    () => ({}),
  );
  onTestFinished(() => server.close());
  return server;
}

describe("an HTTP server", () => {
  it("a client over its limit gets a Retry-After in whole seconds", async () => {
    const { headers } = await openServer().inject("/limited");
    expect(headers["retry-after"]).toBe("81");
  });

  it.each([
    ["loopback", "203.0.113.5", "203.0.113.5"],
    ["127.0.0.0/8, 10.0.0.1", "203.0.113.5, 10.0.0.1", "203.0.113.5"],
    ["127.0.0.1", "198.51.100.7, 203.0.113.5", "203.0.113.5"],
    ["10.0.0.0/8", "203.0.113.5", "127.0.0.1"],
    ["", "203.0.113.5", "127.0.0.1"],
  ])("with TRUSTED_PROXIES=%s, X-Forwarded-For: %s comes from %s", async (text, forwarded, ip) => {
    const { TRUSTED_PROXIES: trustedProxies } = readSettings(HttpSettings, { TRUSTED_PROXIES: text });
    const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }), trustedProxies });
    onTestFinished(() => server.close());
    server.get("/client", OPEN, (request) => ({ ip: request.ip, id: clientOf(request).id }));
    const answer = await server.inject({ url: "/client", headers: { "x-forwarded-for": forwarded } });
    expect(answer.json()).toEqual({ ip, id: `address:${ip}` });
  });

  it.each([
    ["GET", "/invalid", 422, { code: "invalid_event", detail: "wrong", errors_total: 7 }],
    ["GET", "/down", 503, { code: "store_unreachable", detail: "down" }],
    ["GET", "/limited", 429, { code: "rate_limited", title: "Too Many Requests", detail: "too much" }],
    ["GET", "/bug", 500, { code: "internal_error" }],
    ["GET", "/nothing", 404, { code: "not_found" }],
    ["POST", "/bug", 405, { code: "method_not_allowed" }],
    ["DELETE", "/things/a%2Fb", 405, { code: "method_not_allowed" }],
    ["QUERY", "/things/a", 405, { code: "method_not_allowed" }],
    ["GET", `/things/${"x".repeat(5_000)}`, 414, { code: "uri_too_long", detail: expect.not.stringContaining("xxx") }],
    [
      "GET",
      "/checked?limit=9",
      400,
      { code: "invalid_parameter", errors: [expect.objectContaining({ pointer: "/limit" })] },
    ],
    ["GET", "/checked?limit=1&other=2", 400, { code: "invalid_parameter" }],
    ["GET", "/%zz", 400, { code: "bad_request" }],
  ] as const)("%s %s is answered with the problem %i", async (method, url, status, members) => {
    const { statusCode, headers, body } = await openServer().inject({ method: method as "GET", url });
    expect([statusCode, headers["content-type"]]).toEqual([status, "application/problem+json; charset=utf-8"]);
    const problem = JSON.parse(body);
    expect(problem).toMatchObject({ type: "about:blank", title: expect.any(String), status, ...members });
    expect(body).not.toContain("secret");
  });

  it.each(["order-7", "0af7651916cd43dd8448eb211c80319c"])("an answer repeats the request id %s", async (id) => {
    const { headers } = await openServer().inject({ url: "/down", headers: { "x-request-id": id } });
    expect(headers["x-request-id"]).toBe(id);
  });

  it.each(["", 'a"b', "x".repeat(65), "a b"])("a request with the id %j gets a new id", async (id) => {
    const { headers } = await openServer().inject({ url: "/nothing", headers: { "x-request-id": id } });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("Retry-After is in whole seconds, with jitter", async () => {
    const { headers } = await openServer().inject({ method: "GET", url: "/down" });
    expect(headers["retry-after"]).toMatch(/^[345]$/);
  });

  it("a body is ignored by a route that takes none", async () => {
    const headers = { "content-type": "application/json" };
    const { statusCode } = await openServer().inject({ method: "POST", url: "/nothing", headers, payload: "{" });
    expect(statusCode).toBe(404);
  });

  it("bytes that are not HTTP are answered with a problem", async () => {
    const server = openServer();
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.end("NONSENSE\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toMatchObject({ status: 400, code: "bad_request" });
  });

  it.each([
    ["no Host", "GET /invalid HTTP/1.1\r\n\r\n"],
    [
      "a body in broken chunks",
      "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n",
    ],
  ])("a request with %s is answered while its client still sends", async (_what, request) => {
    const server = openServer();
    server.post("/body", OPEN, (request) => text(request.raw));
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect({ port: Number(port), host: "127.0.0.1" });
    socket.write(request);
    const [head] = await once(socket, "data");
    socket.destroy();
    expect(String(head)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*application\/problem\+json/is);
  });

  it("a refusal reaches a client that goes on sending", async () => {
    const server = openServer();
    server.removeContentTypeParser("*");
    server.addContentTypeParser("*", (_request, _body, done) => done(null));
    server.post("/refused", OPEN, () => {
      throw new InvalidInput({ code: "body_too_large", status: 413, detail: "too large" });
    });
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const upload = send({ port, path: "/refused", method: "POST" });
    onTestFinished(() => void upload.destroy());
    upload.end(Buffer.alloc(24_000_000));
    const [answer] = (await once(upload, "response")) as [IncomingMessage];
    expect([answer.statusCode, JSON.parse(await text(answer)).code]).toEqual([413, "body_too_large"]);
  });

  it("malformed bytes after an answered request are answered", async () => {
    const server = openServer();
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 404 /);
    socket.write("NONSENSE\r\n\r\n");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  it("malformed bytes behind a pending request do not get its answer", async () => {
    const server = openServer({ slow: new Promise(() => undefined), closeWaitMs: 0 });
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\nNONSENSE\r\n\r\n");
    expect(await text(socket)).toBe("");
  });

  it("an answer of a closing server ends its connection", async () => {
    const slow = Promise.withResolvers<object>();
    const asked = Promise.withResolvers<void>();
    const closing = Promise.withResolvers<void>();
    const server = openServer({ slow: slow.promise });
    server.addHook("preHandler", async () => asked.resolve());
    server.addHook("preClose", async () => closing.resolve());
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const agent = new Agent({ keepAlive: true });
    const answer = once(get({ port, path: "/slow", agent }), "response");
    await asked.promise;
    const closed = server.close();
    await closing.promise;
    slow.resolve({});
    const [response] = (await answer) as [IncomingMessage];
    response.resume();
    expect(response.headers.connection).toBe("close");
    await closed;
  });

  it("a closing server disconnects a client that stops in the middle of its request", async () => {
    const server = openServer({ closeWaitMs: 10 });
    const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
    await expect.poll(() => connections(server)).toBe(1);
    await server.close();
  });
});

function connections(server: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) =>
    server.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
