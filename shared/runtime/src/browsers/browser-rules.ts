import { InvalidInput } from "@tidemark/domain/errors";
import { shorten } from "@tidemark/json/shorten";
import type { FastifyInstance } from "fastify";
import { registerCors } from "./cors.ts";
import { isCrossSite } from "./cross-site.ts";
import { createKnownHosts, type KnownHostsOptions } from "./known-hosts.ts";

/** The requests that browsers may send for the pages that they show. */
export interface BrowserRules extends KnownHostsOptions {
  /** The origins of other sites whose pages may call the service: `https://app.example.com`. */
  corsOrigins?: readonly string[] | undefined;
}

/** Returns the rules of a service from its settings. */
export function browserRulesOf(settings: {
  HOST: string;
  ALLOWED_HOSTS?: string[] | undefined;
  CORS_ORIGINS?: string[] | undefined;
}): BrowserRules {
  return { host: settings.HOST, allowedHosts: settings.ALLOWED_HOSTS, corsOrigins: settings.CORS_ORIGINS };
}

/** Probes may use any name or address, and their answers contain no data of clients. */
const PROBES = new Set(["/livez", "/readyz", "/health"]);

/**
 * Refuses requests that a browser makes for a page of another site: requests to a host that is not this service, and
 * requests that would change something. A service with keys checks the host only if `allowedHosts` is set, because such
 * a page has no key.
 */
export function registerBrowserRules(
  server: FastifyInstance,
  { host, allowedHosts, corsOrigins = [] }: BrowserRules,
  { hasKeys }: { hasKeys: boolean },
): void {
  const origins = new Set(corsOrigins);
  const checksHost = !hasKeys || allowedHosts !== undefined;
  const isKnown = createKnownHosts({ host, allowedHosts: checksHost ? allowedHosts : ["*"] });
  server.addHook("onRequest", (request, _reply, done) => {
    const name = request.raw.headers.host;
    const isProbe = PROBES.has(request.routeOptions.url ?? "");
    if (name !== undefined && !isProbe && !isKnown(name)) return done(unknownHost(name));
    done(isCrossSite(request, origins) ? crossSite() : undefined);
  });
  registerCors(server, origins);
}

function unknownHost(name: string): InvalidInput {
  const detail = `${JSON.stringify(shorten(name))} is not a known host of this service; the operator can add it to ALLOWED_HOSTS`;
  return new InvalidInput({ code: "unknown_host", status: 421, detail });
}

function crossSite(): InvalidInput {
  const detail =
    "a page of another site may not change anything here; the operator can allow its origin with CORS_ORIGINS";
  return new InvalidInput({ code: "cross_site", status: 403, detail });
}
