import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** A span as a collector receives it: OTLP in JSON (opentelemetry-proto, trace/v1/trace.proto). */
export interface CollectedSpan {
  service: string;
  resource: Record<string, unknown>;
  traceId: string;
  spanId: string;
  /** Absent for the first span of a trace. */
  parentSpanId?: string;
  traceState?: string;
  name: string;
  /** 1: internal, 2: server, 4: producer, 5: consumer. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  /** Whether it ended with an error. */
  hasFailed: boolean;
}

export interface OtlpCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** The headers of the last request. */
  readonly headers: IncomingHttpHeaders;
  /** The answer to requests. Default: success. `silent`: no answer. */
  answers: "taken" | "refused" | "silent";
  readonly requests: number;
  close(): Promise<void>;
}

/** Starts a collector of traces that takes OTLP over HTTP, as JSON. */
export async function startCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  let headers: IncomingHttpHeaders = {};
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    headers = request.headers;
    if (collector.answers === "silent") return;
    if (collector.answers === "refused") return void answer(response, 400);
    json(request).then(
      (body) => {
        if (request.url === "/v1/traces") spans.push(...readSpans(body as OtlpTraces));
        answer(response, request.url === "/v1/traces" ? 200 : 404);
      },
      () => answer(response, 400),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector: OtlpCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    answers: "taken",
    get headers() {
      return headers;
    },
    get requests() {
      return requests;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return collector;
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "application/json" }).end("{}");
}

interface OtlpAttribute {
  key: string;
  value: Record<string, unknown>;
}

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: OtlpAttribute[];
  status?: { code?: number };
}

interface OtlpTraces {
  resourceSpans: { resource: { attributes: OtlpAttribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

function readSpans({ resourceSpans }: OtlpTraces): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = readAttributes(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => readSpan(span, attributes)));
  });
}

function readSpan(span: OtlpSpan, resource: Record<string, unknown>): CollectedSpan {
  const { traceId, spanId, parentSpanId, traceState, name, kind } = span;
  return {
    service: String(resource["service.name"]),
    resource,
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    ...(traceState && { traceState }),
    name,
    kind,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: readAttributes(span.attributes),
    hasFailed: span.status?.code === 2,
  };
}

function readAttributes(attributes: OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
