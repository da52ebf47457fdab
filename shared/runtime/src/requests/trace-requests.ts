import { readTraceparent, type TraceContext } from "@tidemark/domain/trace-context";
import type { Span, Tracer } from "@tidemark/telemetry/tracing/tracer";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { namesOf } from "./request-id.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The span of the request, if it is recorded. */
    span: Span | undefined;
    /** The place of the request in a trace: its span, or else the span in a valid `traceparent` of the client. */
    trace: TraceContext | undefined;
  }
}

/** Reads the `traceparent` of each request. An invalid one is ignored, as W3C Trace Context asks. Call it first. */
export function readTraces(server: FastifyInstance): void {
  server.decorateRequest("span", undefined);
  server.decorateRequest("trace", undefined);
  server.addHook("onRequest", (request, _reply, done) => {
    request.trace = readTraceparent(headerOf(request, "traceparent"));
    done();
  });
}

/**
 * Records a span of each request to a route, except probes of orchestrators. Call it behind the hooks that refuse
 * requests, so that clients without a key cannot use up the traces that the process may record in a second.
 */
export function recordTraces(server: FastifyInstance, tracer: Tracer): void {
  server.addHook("onRequest", (request, reply, done) => {
    const { url, config } = request.routeOptions;
    if (url !== undefined && !request.is404 && config.scope !== "none") startSpan(tracer, request, reply, url);
    done();
  });
}

function startSpan(tracer: Tracer, request: FastifyRequest, reply: FastifyReply, route: string): void {
  const { method, id, trace: parent } = request;
  const span = tracer.start(`${method} ${route}`, {
    kind: "server",
    parent,
    tracestate: parent && headerOf(request, "tracestate"),
    attributes: { "http.request.method": method, "http.route": route, "tidemark.request_id": id },
  });
  if (span === undefined) return;
  request.trace = span.context;
  namesOf(request.raw).traceId = span.context.traceId;
  request.span = span;
  reply.raw.once("close", () => endSpan(span, reply));
}

function endSpan(span: Span, { raw }: FastifyReply): void {
  span.set({ "http.response.status_code": raw.statusCode });
  if (!raw.writableFinished) span.set({ "tidemark.client_left": true });
  if (raw.statusCode >= 500) span.fail();
  span.end();
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}
