import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { createLogger, type Logger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { createHttpServer } from "../http-server.ts";
import { ApiKeys } from "./api-keys.ts";
import { clientOf } from "./client.ts";
import { parseKeysFile } from "./key-entry.ts";

const SHOP = "tdm_shop";
const EXPIRED = "tdm_expired";
const REPORTS = "tdm_reports";
const ENTRIES = [
  { name: "shop", sha256: sha256(SHOP), scopes: ["publish"], topics: ["orders.", "orders.new", "carts."] },
  { name: "shop", sha256: sha256(EXPIRED), scopes: ["publish"], expires_at: "2025-10-23T10:00:00Z" },
  { name: "reports", sha256: sha256(REPORTS), scopes: ["read"], limits: { events_per_second: 5 } },
];

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

interface ServerOptions {
  entries?: object[];
  logger?: Logger;
}

function openServer({ entries, logger = createLogger({ service: "test", level: "silent" }) }: ServerOptions = {}) {
  const apiKeys = entries && new ApiKeys(parseKeysFile(JSON.stringify(entries)));
  const server = createHttpServer({ logger, apiKeys });
  onTestFinished(() => server.close());
  server.get("/open", { config: { scope: "none" } }, describeClient);
  server.get("/read", { config: { scope: "read" } }, describeClient);
  server.get("/either", { config: { scope: ["publish", "read"] } }, describeClient);
  server.post("/publish", { config: { scope: "publish" } }, describeClient);
  return server;
}

function describeClient(request: Parameters<typeof clientOf>[0]) {
  const { scopes, mayReach, ...client } = clientOf(request);
  const reached = ["orders.created", "orders", "carts.x", "other"].filter((topic) => mayReach(topic));
  return { ...client, scopes: [...scopes], reached };
}

const withKey = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

test("a server with a route that declares no scope does not start", async () => {
  const server = openServer();
  server.get("/undecided", () => ({}));

  await expect(server.ready()).rejects.toThrow(
    "these routes declare no scope in their config: GET /undecided, HEAD /undecided",
  );
});

test("without keys, the client of a request is its address, and it may do everything", async () => {
  expect((await openServer().inject("/read")).json()).toEqual({
    id: "address:127.0.0.1",
    scopes: ["publish", "read", "admin"],
    reached: ["orders.created", "orders", "carts.x", "other"],
  });
});

test.each([
  ["Authorization: Bearer", { authorization: `Bearer ${SHOP}` }],
  ["Authorization: bearer", { authorization: `bearer  ${SHOP}` }],
  ["X-API-Key", { "x-api-key": SHOP }],
  ["both headers alike", { authorization: `Bearer ${SHOP}`, "x-api-key": SHOP }],
  ["X-API-Key beside another scheme of a proxy", { authorization: "Basic eDp5", "x-api-key": SHOP }],
])("a key is accepted as %s", async (_how, headers) => {
  const answer = await openServer({ entries: ENTRIES }).inject({ url: "/either", headers });
  expect(answer.json()).toMatchObject({ id: "key:shop", name: "shop" });
});

test("the client of a key has its scopes, its limits and its topics, without prefixes that another one covers", async () => {
  const server = openServer({ entries: ENTRIES });
  expect((await server.inject({ url: "/either", ...withKey(SHOP) })).json()).toEqual({
    id: "key:shop",
    name: "shop",
    scopes: ["publish"],
    topics: ["orders.", "carts."],
    reached: ["orders.created", "carts.x"],
  });
  expect((await server.inject({ url: "/read", ...withKey(REPORTS) })).json()).toMatchObject({
    scopes: ["read"],
    limits: { eventsPerSecond: 5 },
    reached: ["orders.created", "orders", "carts.x", "other"],
  });
});

const REALM = 'Bearer realm="tidemark"';
const INVALID = `${REALM}, error="invalid_token", error_description="the key is not known"`;
const HAS_EXPIRED = `${REALM}, error="invalid_token", error_description="the key has expired"`;
const INSUFFICIENT = `${REALM}, error="insufficient_scope", scope="read"`;

test.each([
  ["without a key", "/read", {}, 401, "key_missing", REALM],
  ["with another scheme", "/read", { authorization: "Basic eDp5" }, 401, "key_missing", REALM],
  ["with an empty key", "/read", { authorization: "Bearer ", "x-api-key": "" }, 401, "key_missing", REALM],
  ["with an unknown key", "/read", { "x-api-key": "tdm_nobody" }, 401, "key_invalid", INVALID],
  ["with a key in another letter case", "/read", { "x-api-key": SHOP.toUpperCase() }, 401, "key_invalid", INVALID],
  ["with the hash of a key", "/read", { "x-api-key": sha256(REPORTS) }, 401, "key_invalid", INVALID],
  ["with an expired key", "/either", { "x-api-key": EXPIRED }, 401, "key_expired", HAS_EXPIRED],
  ["with a key of another scope", "/read", { "x-api-key": SHOP }, 403, "scope_missing", INSUFFICIENT],
  ["for an unknown path", "/nothing", {}, 401, "key_missing", REALM],
  ["for an unknown method", "/publish", {}, 401, "key_missing", REALM],
  ["for a path that cannot be read", "/%zz", {}, 401, "key_missing", REALM],
  ["for a path that is too long", `/${"x".repeat(5_000)}`, {}, 401, "key_missing", REALM],
])("a request %s is refused", async (_what, url, headers, status, code, challenge) => {
  const answer = await openServer({ entries: ENTRIES }).inject({ url, headers });
  expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  expect(answer.headers["www-authenticate"]).toBe(challenge);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
});

test("two different keys are refused with 400", async () => {
  const headers = { authorization: `Bearer ${SHOP}`, "x-api-key": REPORTS };
  const answer = await openServer({ entries: ENTRIES }).inject({ url: "/read", headers });
  expect([answer.statusCode, answer.json().code]).toEqual([400, "bad_request"]);
});

test("with a key, an unknown path is 404 and an unknown method is 405", async () => {
  const server = openServer({ entries: ENTRIES });
  expect((await server.inject({ url: "/nothing", ...withKey(SHOP) })).statusCode).toBe(404);
  expect((await server.inject({ url: "/publish", ...withKey(SHOP) })).statusCode).toBe(405);
});

test("a public route needs no key, ignores a key, and has a client without rights", async () => {
  const server = openServer({ entries: ENTRIES });
  const stranger = { id: "address:127.0.0.1", scopes: [], reached: [] };
  expect((await server.inject("/open")).json()).toEqual(stranger);
  expect((await server.inject({ url: "/open", ...withKey(REPORTS) })).json()).toEqual(stranger);
  expect((await server.inject({ url: "/open", ...withKey("tdm_nobody") })).json()).toEqual(stranger);
});

test("a key expires while the server runs", async () => {
  vi.useFakeTimers({ now: Date.parse("2025-10-23T09:59:59.999Z"), toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const server = openServer({ entries: ENTRIES });
  expect((await server.inject({ url: "/either", ...withKey(EXPIRED) })).statusCode).toBe(200);
  vi.setSystemTime(Date.parse("2025-10-23T10:00:00Z"));
  expect((await server.inject({ url: "/either", ...withKey(EXPIRED) })).statusCode).toBe(401);
});

test("a refused request gets its answer, and its large body is not read in full", async () => {
  const server = openServer({ entries: ENTRIES });
  const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
  const body = Buffer.alloc(64 * 1024 * 1024);
  const connected = once(server.server, "connection");
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  const [served] = await connected;
  const closed = once(served, "close");
  socket.write(`POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body);

  const [head] = await once(socket, "data");
  await closed;

  expect(String(head)).toMatch(/^HTTP\/1\.1 401 .*www-authenticate: Bearer/is);
  expect(served.bytesRead).toBeLessThan(16 * 1024 * 1024);
});

test("a connection survives a refused request with a small body", async () => {
  const server = openServer({ entries: ENTRIES });
  const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
  const socket = connect(Number(port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const refused = "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]";
  socket.write(refused);
  expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 401 /);
  socket.write(refused.replace("Host: x", `Host: x\r\nX-API-Key: ${SHOP}`));
  expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  ["0.0.0.0", undefined, 1],
  ["127.0.0.1", undefined, 0],
  ["0.0.0.0", ENTRIES, 0],
] as const)("a server at %s warns if it is open to others", async (host, entries, warnings) => {
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const server = openServer({ entries: entries && [...entries], logger });
  await server.listen({ port: 0, host });
  expect(warn).toHaveBeenCalledTimes(warnings);
});

test("a server whose routes are all public does not warn", async () => {
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const server = createHttpServer({ logger });
  onTestFinished(() => server.close());
  server.get("/open", { config: { scope: "none" } }, () => ({}));
  await server.listen({ port: 0, host: "0.0.0.0" });
  expect(warn).not.toHaveBeenCalled();
});
