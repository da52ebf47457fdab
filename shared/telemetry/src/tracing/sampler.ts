import { type Context, SpanKind, trace } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { SamplerName } from "./sampler-names.ts";

export interface SamplerOptions {
  /** As `OTEL_TRACES_SAMPLER`. */
  sampler: SamplerName;
  /** As `OTEL_TRACES_SAMPLER_ARG`: the part of the traces that a sampler by ratio records, from 0 to 1. */
  ratio: number;
  /**
   * The maximum number of requests that this process begins to record in a second, for every sampler and every client.
   */
  maxPerSecond: number;
}

/** Creates the sampler of this name (OpenTelemetry's specification of environment variables), with a bound. */
export function createSampler({ sampler, ratio, maxPerSecond }: SamplerOptions): Sampler {
  const root = rootSampler(sampler, ratio);
  return new BoundedSampler(sampler.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root, maxPerSecond);
}

function rootSampler(name: SamplerName, ratio: number): Sampler {
  if (name.endsWith("always_off")) return new AlwaysOffSampler();
  if (name.endsWith("always_on")) return new AlwaysOnSampler();
  return new TraceIdRatioBasedSampler(ratio);
}

/**
 * Bounds the cost of tracing. Without the bound, a client could have every request recorded by the flag in its
 * `traceparent`, at some thousand requests a second. The bound does not apply to the children of a recorded request, so
 * that no trace has a gap. Its children are its steps in this process and the steps of its frame, whose flag a gateway
 * sets only if it records.
 */
class BoundedSampler implements Sampler {
  readonly #inner: Sampler;
  readonly #maxPerSecond: number;
  #second = 0;
  #recorded = 0;

  constructor(inner: Sampler, maxPerSecond: number) {
    this.#inner = inner;
    this.#maxPerSecond = maxPerSecond;
  }

  shouldSample(...call: Parameters<Sampler["shouldSample"]>): SamplingResult {
    if (isChild(call[0])) return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    const result = this.#inner.shouldSample(...call);
    const isWanted = result.decision === SamplingDecision.RECORD_AND_SAMPLED;
    const isBounded = call[3] !== SpanKind.CONSUMER;
    return !isWanted || !isBounded || this.#isRoom() ? result : { decision: SamplingDecision.NOT_RECORD };
  }

  #isRoom(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#recorded = 0;
    }
    return this.#recorded++ < this.#maxPerSecond;
  }

  toString(): string {
    return `Bounded{${this.#inner}, ${this.#maxPerSecond} per second}`;
  }
}

/**
 * Whether the parent is a span of this process. Such a span is recorded, because unrecorded spans are never started.
 */
function isChild(context: Context): boolean {
  const parent = trace.getSpanContext(context);
  return parent !== undefined && !parent.isRemote;
}
