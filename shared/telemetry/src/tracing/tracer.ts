import {
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type Attributes,
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { nowMs } from "@tidemark/domain/clock";
import type { TraceContext } from "@tidemark/domain/trace-context";
import type { Logger } from "../logger.ts";
import { createSampler, type SamplerOptions } from "./sampler.ts";

// The only files that load OpenTelemetry are this one and the sampler. `openTracer` of the runtime imports them when a
// process sends traces. Every other file imports only their types.

export interface TracerOptions extends SamplerOptions {
  /** The base address of a collector that takes OTLP over HTTP, as JSON: spans go to `/v1/traces` below it. */
  endpoint: string;
  /** The headers of each request to it. */
  headers: Record<string, string>;
  /** The attributes of the process that every span carries, such as `service.name`. */
  resource: Record<string, string>;
  /** The time between two requests to the collector. */
  sendEveryMs: number;
  logger: Logger;
}

export interface SpanOptions {
  /** Default: a step within the process. */
  kind?: "server" | "producer" | "consumer";
  /** Default: now. Milliseconds since the epoch. */
  startMs?: number;
  attributes?: Attributes;
}

export interface RootOptions extends SpanOptions {
  /** The span of another process that caused this one. Without it a new trace begins. */
  parent?: TraceContext | undefined;
  /** The `tracestate` of the parent, which other systems have written. */
  tracestate?: string | undefined;
}

const KINDS = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/**
 * The maximum number of spans that wait to be sent. Further spans are dropped, which bounds the memory while the
 * collector is down.
 */
const MAX_WAITING_SPANS = 2_048;
const SEND_TIMEOUT_MS = 10_000;
/** The time that a stop waits for the collector to accept the last spans. */
const STOP_WAIT_MS = 2_000;
const REPORT_EVERY_MS = 60_000;
// W3C Trace Context, section 3.3.1.5: a `tracestate` of up to 512 characters should be passed on.
const MAX_TRACESTATE = 512;

/** Sends spans to a collector, in batches and in the background. Its failures are logged and have no other effect. */
export class Tracer {
  readonly #tracer: ApiTracer;
  readonly #provider: TracerProvider;

  constructor({ endpoint, headers, resource, sendEveryMs, logger, ...sampling }: TracerOptions) {
    setGlobalErrorHandler(reporter(logger, endpoint));
    const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), headers, timeoutMillis: SEND_TIMEOUT_MS });
    const processor = new BatchSpanProcessor({
      exporter,
      scheduledDelayMillis: sendEveryMs,
      exportTimeoutMillis: 2 * SEND_TIMEOUT_MS,
      maxQueueSize: MAX_WAITING_SPANS,
    });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes(resource),
      sampler: createSampler(sampling),
      spanProcessors: [processor],
    });
    this.#tracer = this.#provider.getTracer("tidemark");
  }

  /** Starts the first span of this process in a trace. Returns undefined if the trace is not to be recorded here. */
  start(name: string, { parent, tracestate, ...options }: RootOptions): Span | undefined {
    const span = startSpan(this.#tracer, name, options, parent ? contextOf(parent, tracestate) : ROOT_CONTEXT);
    return span.isRecording() ? new Span(this.#tracer, span) : undefined;
  }

  /** Sends the waiting spans that the collector accepts within a short time. */
  async stop(): Promise<void> {
    const waited = new Promise((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref());
    await Promise.race([this.#provider.shutdown().catch(() => undefined), waited]);
  }
}

/** A span that is recorded. It is sent when it has ended. */
export class Span {
  readonly #tracer: ApiTracer;
  readonly #span: ApiSpan;

  constructor(tracer: ApiTracer, span: ApiSpan) {
    this.#tracer = tracer;
    this.#span = span;
  }

  get context(): TraceContext {
    const { traceId, spanId } = this.#span.spanContext();
    return { traceId, spanId, isSampled: true };
  }

  startChild(name: string, options: SpanOptions = {}): Span {
    const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
    return new Span(this.#tracer, startSpan(this.#tracer, name, options, parent));
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(message?: string): void {
    this.#span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
  }

  end(endMs: number = nowMs()): void {
    this.#span.end(endMs);
  }
}

function startSpan(tracer: ApiTracer, name: string, options: SpanOptions, context: Context): ApiSpan {
  const { kind, startMs: startTime = nowMs(), attributes = {} } = options;
  return tracer.startSpan(name, { kind: kind ? KINDS[kind] : SpanKind.INTERNAL, startTime, attributes }, context);
}

function contextOf({ traceId, spanId, isSampled }: TraceContext, tracestate: string | undefined): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(isTracestate(tracestate) && { traceState: createTraceState(tracestate) }),
  });
}

function isTracestate(text: string | undefined): text is string {
  return text !== undefined && text.length <= MAX_TRACESTATE;
}

function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, "")}/v1/traces`;
}

/** Logs that the collector refuses spans, at most once a minute. */
function reporter(logger: Logger, endpoint: string): (error: unknown) => void {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (performance.now() - reportedAtMs < REPORT_EVERY_MS) return;
    reportedAtMs = performance.now();
    logger.warn(
      { err: error, collector: new URL(endpoint).origin },
      "the collector did not accept traces, which are dropped",
    );
  };
}
