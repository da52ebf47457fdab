/** A span of a trace, as W3C Trace Context names it (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Whether the span may have been recorded, so that its children are to be recorded as well. */
  isSampled: boolean;
}

// Version 00 has four fields. A later version may append more fields (section 4.3).
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:$|-)/;
const LENGTH = 55;

/**
 * Reads a `traceparent`. Returns undefined for an invalid text, because an invalid `traceparent` does not make the
 * request invalid.
 */
export function readTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined) return undefined;
  const match = TRACEPARENT.exec(text.slice(0, LENGTH + 1));
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = ""] = match;
  if (version === "00" && text.length !== LENGTH) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}
