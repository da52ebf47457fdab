import { InvalidInput, type InvalidInputCode } from "@tidemark/domain/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ApiKeys } from "./api-keys.ts";
import { type Client, openClient, type RouteScope, type Scope, strangerClient } from "./client.ts";
import { readPresentedKey } from "./presented-key.ts";

/** Absent on a service without keys, which is open to every client. */
type MaybeKeys = ApiKeys | undefined;

/**
 * Finds the client of each request before its body is read, and refuses a request whose key is missing, unknown or
 * expired, or lacks the scope of the route. A path without a route requires a key as well, so that a client without a
 * key learns nothing about the routes. It refuses to start a server with a route that declares no scope, because
 * nothing then says which clients may use the route.
 */
export function registerAccess(server: FastifyInstance, apiKeys: MaybeKeys): void {
  const routes = rememberScopes(server);
  server.addHook("onReady", async () => requireScopes(routes));
  server.addHook("onListen", async () => {
    if (apiKeys === undefined && routes.some(({ config }) => config?.scope !== "none")) warnIfReachable(server);
  });
  server.decorateRequest("client", null);
  server.addHook("onRequest", (request, reply, done) => done(refusalOf(request, reply, apiKeys)));
}

/** Sets the client of a request, or returns the error with which it is refused. */
export function refusalOf(request: FastifyRequest, reply: FastifyReply, apiKeys: MaybeKeys): InvalidInput | undefined {
  try {
    request.client = admit(request, reply, apiKeys);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error;
  }
}

/** @throws {InvalidInput} 401 or 403, with the header `WWW-Authenticate` (RFC 6750, section 3) */
function admit(request: FastifyRequest, reply: FastifyReply, apiKeys: MaybeKeys): Client {
  if (apiKeys === undefined) return openClient(request);
  const { scope } = request.routeOptions.config;
  if (scope === "none") return strangerClient(request);
  const presented = readPresentedKey(request.headers);
  if (presented === undefined) throw refuse(reply, KEY_MISSING);
  const key = apiKeys.find(presented);
  if (key === undefined) throw refuse(reply, KEY_INVALID);
  if (key.isExpired(Date.now())) throw refuse(reply, KEY_EXPIRED);
  if (scope !== undefined && !hasScope(key.client, scope)) throw refuse(reply, scopeMissing(key.client, scope));
  return key.client;
}

function hasScope({ scopes }: Client, required: Exclude<RouteScope, "none">): boolean {
  return [required].flat().some((scope) => scopes.has(scope as Scope));
}

interface Refusal {
  status: 401 | 403;
  code: InvalidInputCode;
  detail: string;
  /** The further parameters of `WWW-Authenticate`. */
  challenge?: Record<string, string>;
}

const KEY_MISSING: Refusal = {
  status: 401,
  code: "key_missing",
  detail: "a key is required: send it as Authorization: Bearer or as X-API-Key",
};

const KEY_INVALID: Refusal = {
  status: 401,
  code: "key_invalid",
  detail: "the key is not known",
  challenge: { error: "invalid_token", error_description: "the key is not known" },
};

const KEY_EXPIRED: Refusal = {
  status: 401,
  code: "key_expired",
  detail: "the key has expired",
  challenge: { error: "invalid_token", error_description: "the key has expired" },
};

function scopeMissing({ scopes }: Client, required: Exclude<RouteScope, "none">): Refusal {
  const wanted = [required].flat();
  return {
    status: 403,
    code: "scope_missing",
    detail: `this needs a key with the scope ${wanted.join(" or ")}; the key has ${[...scopes].join(", ")}`,
    challenge: { error: "insufficient_scope", scope: wanted.join(" ") },
  };
}

function refuse(reply: FastifyReply, { status, code, detail, challenge = {} }: Refusal): InvalidInput {
  const parameters = Object.entries({ realm: "tidemark", ...challenge }).map(([name, value]) => `${name}="${value}"`);
  reply.header("www-authenticate", `Bearer ${parameters.join(", ")}`);
  return new InvalidInput({ status, code, detail });
}

interface Route {
  method: string | string[];
  url: string;
  config?: { scope?: RouteScope };
}

function rememberScopes(server: FastifyInstance): Route[] {
  const routes: Route[] = [];
  server.addHook("onRoute", (route) => {
    routes.push(route);
  });
  return routes;
}

function requireScopes(routes: Route[]): void {
  const undecided = routes.filter(({ config }) => config?.scope === undefined);
  if (undecided.length === 0) return;
  const names = undecided.map(({ method, url }) => `${[method].flat().join("|")} ${url}`).join(", ");
  throw new Error(`these routes declare no scope in their config: ${names}`);
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Logs a `warn` for a server without keys that listens elsewhere than on loopback. Call it when the server listens. */
export function warnIfReachable(server: FastifyInstance): void {
  const addresses = server.addresses().flatMap((address) => (typeof address === "string" ? [] : [address.address]));
  if (addresses.every((address) => LOOPBACK.test(address))) return;
  server.log.warn(
    { addresses },
    "no keys are configured: every client that reaches this address, or the port that a container publishes for it, may publish, read and delete; API_KEYS_FILE closes it",
  );
}
