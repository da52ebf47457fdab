import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSampler } from "./sampler.ts";
import type { SamplerName } from "./sampler-names.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const client = (isSampled: boolean) => ({ isSampled, isRemote: true });

function open(sampler: SamplerName, { ratio = 1, maxPerSecond = 1_000 } = {}) {
  const created = createSampler({ sampler, ratio, maxPerSecond });
  return (parent?: { isSampled: boolean; isRemote: boolean }, kind = SpanKind.SERVER) => {
    const context =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId: TRACE,
            spanId: "00f067aa0ba902b7",
            traceFlags: parent.isSampled ? 1 : 0,
            isRemote: parent.isRemote,
          });
    const { decision } = created.shouldSample(context, TRACE, "a span", kind, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
}

describe("createSampler", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    { sampler: "always_on", root: true, sampled: true, unsampled: true },
    { sampler: "always_off", root: false, sampled: false, unsampled: false },
    { sampler: "traceidratio", root: false, sampled: false, unsampled: false },
    { sampler: "parentbased_always_on", root: true, sampled: true, unsampled: false },
    { sampler: "parentbased_always_off", root: false, sampled: true, unsampled: false },
    { sampler: "parentbased_traceidratio", root: false, sampled: true, unsampled: false },
  ] as const)(
    "$sampler decides as the specification of OpenTelemetry requires",
    ({ sampler, root, sampled, unsampled }) => {
      const decide = open(sampler, { ratio: 0 });
      expect([decide(), decide(client(true)), decide(client(false))]).toEqual([root, sampled, unsampled]);
    },
  );

  it("no more traces are recorded in a second than the bound, even if the clients ask for more", () => {
    const decide = open("parentbased_always_on", { maxPerSecond: 3 });
    const recorded = () => Array.from({ length: 10 }, () => decide(client(true))).filter(Boolean).length;
    expect(recorded()).toBe(3);
    vi.advanceTimersByTime(1_000);
    expect(recorded()).toBe(3);
  });

  it("the children of a recorded span are recorded beyond the bound, so that a trace has no gap", () => {
    const decide = open("parentbased_always_on", { maxPerSecond: 1 });
    expect(decide()).toBe(true);
    expect(decide()).toBe(false);
    expect(decide({ isSampled: true, isRemote: false })).toBe(true);
  });

  it("the frame of a recorded request is recorded beyond the bound, and does not count towards it", () => {
    const decide = open("parentbased_always_on", { maxPerSecond: 1 });
    const frames = Array.from({ length: 3 }, () => decide(client(true), SpanKind.CONSUMER));
    expect([...frames, decide()]).toEqual([true, true, true, true]);
  });
});
