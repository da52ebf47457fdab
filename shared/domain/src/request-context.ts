import { readTraceparent, type TraceContext, writeTraceparent } from "./trace-context.ts";

/** The names by which the logs and the traces of other processes know a request of a frame. */
export interface RequestContext {
  /** The index of the request in `frame.requests`. */
  request: number;
  /** The id that its answer carries in `X-Request-Id`. */
  requestId: string;
  /** The span that appended the request, or else the span of its client. */
  trace?: TraceContext;
}

/**
 * The number of requests of a frame whose contexts travel with it. A frame may hold a thousand requests, and each context
 * takes up to 125 bytes of its header and, if it is sampled, some spans of the consumer.
 */
export const MAX_FRAME_CONTEXTS = 8;

/** The ids of requests that `X-Request-Id` and the header of a frame can carry. */
export const REQUEST_ID = /^[0-9A-Za-z._-]{1,64}$/;

/** Chooses the contexts that travel with a frame: those of sampled requests first, then in the order of the requests. */
export function chooseContexts(all: RequestContext[]): RequestContext[] {
  if (all.length <= MAX_FRAME_CONTEXTS) return all;
  const sampled = all.filter(({ trace }) => trace?.isSampled);
  const others = sampled.length < MAX_FRAME_CONTEXTS ? all.filter(({ trace }) => !trace?.isSampled) : [];
  return [...sampled, ...others].slice(0, MAX_FRAME_CONTEXTS).sort((one, other) => one.request - other.request);
}

/** Writes contexts as `request:id:traceparent`, with commas between them. */
export function encodeContexts(contexts: RequestContext[] = []): string {
  return contexts
    .map(({ request, requestId, trace }) => [request, requestId, trace ? writeTraceparent(trace) : ""].join(":"))
    .join(",");
}

/**
 * Reads the contexts of a frame with this number of requests. Leaves out what it cannot read, because a frame is whole
 * without its contexts: gateways of earlier releases wrote one `traceparent` alone.
 */
export function decodeContexts(text: string, requests: number): RequestContext[] {
  const entries = text.split(",", MAX_FRAME_CONTEXTS);
  return entries.flatMap((entry) => {
    const [index = "", requestId = "", traceparent] = entry.split(":", 3);
    if (!/^\d{1,6}$/.test(index) || Number(index) >= requests || !REQUEST_ID.test(requestId)) return [];
    const trace = readTraceparent(traceparent);
    return [{ request: Number(index), requestId, ...(trace && { trace }) }];
  });
}
