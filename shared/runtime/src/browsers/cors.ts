import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const METHODS = "GET, HEAD, POST, PUT, DELETE";
/** The headers of answers that a page may read besides those that CORS always allows. */
const EXPOSED =
  "Allow, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id";
const PREFLIGHT_SECONDS = "600";

/**
 * Lets pages of the allowed origins call the service (CORS, the Fetch standard, section 3.3). Call it before the hook that
 * asks for a key, because a preflight carries none, and a page must be able to read a refusal. `@fastify/cors` adds its hook
 * later than that, when plugins load.
 */
export function registerCors(server: FastifyInstance, allowedOrigins: ReadonlySet<string>): void {
  if (allowedOrigins.size === 0) return;

  server.addHook("onRequest", (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !allowedOrigins.has(origin)) return done();
    reply.header("access-control-allow-origin", origin).header("access-control-expose-headers", EXPOSED);
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return done();
    answerPreflight(request, reply);
  });

  // Caches must not reuse one origin's answer for another origin, or for a request without an origin.
  server.addHook("onSend", (_request, reply, payload, done) => {
    const vary = reply.getHeader("vary");
    reply.header("vary", vary === undefined ? "Origin" : `${vary}, Origin`);
    done(null, payload);
  });
}

/**
 * Allows all headers that the page wants to send, because a list could not be complete: CloudEvents may have any
 * `ce-*`.
 */
function answerPreflight(request: FastifyRequest, reply: FastifyReply): void {
  const wanted = request.headers["access-control-request-headers"];
  if (wanted !== undefined) reply.header("access-control-allow-headers", wanted);
  reply
    .code(204)
    .header("access-control-allow-methods", METHODS)
    .header("access-control-max-age", PREFLIGHT_SECONDS)
    .send();
}
