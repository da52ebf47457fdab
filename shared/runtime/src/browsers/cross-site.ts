import type { FastifyRequest } from "fastify";

const READING = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Whether a request would change something and comes from a page of another site, for example from its form. Programs
 * send neither `Sec-Fetch-Site` nor `Origin`. Browsers send both, except over plain HTTP to another machine, where they
 * send only `Origin`. Hosts are compared without schemes, because a proxy that ends TLS turns HTTPS into HTTP.
 */
export function isCrossSite(request: FastifyRequest, allowedOrigins: ReadonlySet<string>): boolean {
  const { method, headers } = request;
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  if (READING.has(method) || (origin === undefined && site === undefined)) return false;
  if (origin !== undefined && allowedOrigins.has(origin)) return false;
  // The browser itself sets this header. `none`: the user did it, without a page.
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return origin === undefined || hostOf(origin) !== hostOf(`http://${request.host}`);
}

/** Returns the host and the port of an origin, undefined for `null`. Ports that are the default of their scheme are left out. */
function hostOf(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url?.host.replace(/:(80|443)$/, "");
}
