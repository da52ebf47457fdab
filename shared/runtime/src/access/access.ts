import type { FastifyInstance } from "fastify";
import { openClient } from "./client.ts";

/**
 * Finds the client of each request before its body is read. Refuses to start a server with a route that declares no
 * scope, because nobody has decided who may use that route.
 */
export function registerAccess(server: FastifyInstance): void {
  requireScopes(server);
  server.decorateRequest("client", null);
  server.addHook("onRequest", (request, _reply, done) => {
    request.client = openClient(request);
    done();
  });
}

function requireScopes(server: FastifyInstance): void {
  const routes: { method: string | string[]; url: string; config?: { scope?: unknown } }[] = [];
  server.addHook("onRoute", (route) => {
    routes.push(route);
  });
  server.addHook("onReady", async () => {
    const undecided = routes.filter(({ config }) => config?.scope === undefined);
    if (undecided.length === 0) return;
    const names = undecided.map(({ method, url }) => `${[method].flat().join("|")} ${url}`).join(", ");
    throw new Error(`these routes declare no scope in their config: ${names}`);
  });
}
