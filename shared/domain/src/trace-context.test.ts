import { describe, expect, it } from "vitest";
import { readTraceparent, writeTraceparent } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("traceparent", () => {
  it("a written traceparent is read back", () => {
    for (const isSampled of [true, false]) {
      const context = { traceId: TRACE, spanId: SPAN, isSampled };
      expect(readTraceparent(writeTraceparent(context))).toEqual(context);
    }
  });

  it("of the flags only the lowest bit says that the span is sampled", () => {
    expect(readTraceparent(`00-${TRACE}-${SPAN}-03`)).toMatchObject({ isSampled: true });
    expect(readTraceparent(`00-${TRACE}-${SPAN}-fe`)).toMatchObject({ isSampled: false });
  });

  it("a later version may have more fields, version 00 may not", () => {
    expect(readTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true });
    expect(readTraceparent(`01-${TRACE}-${SPAN}-01more`)).toBeUndefined();
    expect(readTraceparent(`00-${TRACE}-${SPAN}-01-more`)).toBeUndefined();
  });

  it.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["another text", "hello"],
    ["the version ff", `ff-${TRACE}-${SPAN}-01`],
    ["capital digits", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["a repeated header, which Node joins", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])("%s is not a traceparent", (_name, text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});
