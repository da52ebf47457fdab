import type { Frame } from "@tidemark/domain/frame";
import type { RequestContext } from "@tidemark/domain/request-context";
import type { Verdicts } from "@tidemark/domain/verdict";

/** The names of a request in the log lines of its gateway. Absent where the frame does not carry them. */
export interface NamesOfRequest {
  requestId?: string;
  traceId?: string;
}

/** The events of one request within its frame. */
export interface EventRange {
  firstEvent: number;
  count: number;
}

/** Returns the place of a request's events in its frame. */
export function rangeOfRequest({ requests }: Pick<Frame, "requests">, request: number): EventRange {
  const firstEvent = requests.slice(0, request).reduce((sum, count) => sum + count, 0);
  return { firstEvent, count: requests[request] ?? 0 };
}

/** Names the request that an event of a frame came with. */
export function nameRequestOf(frame: Pick<Frame, "requests" | "contexts">, ordinal: number): NamesOfRequest {
  const context = frame.contexts?.find(({ request }) => {
    const { firstEvent, count } = rangeOfRequest(frame, request);
    return firstEvent <= ordinal && ordinal < firstEvent + count;
  });
  return context === undefined ? {} : namesIn(context);
}

/** Returns the names of the requests that have one of these verdicts in a frame. */
export function nameRequestsWith(
  frame: Pick<Frame, "requests" | "contexts">,
  verdicts: Verdicts,
  wanted: RegExp,
): NamesOfRequest[] {
  const found = frame.contexts?.filter(({ request }) => {
    const { firstEvent, count } = rangeOfRequest(frame, request);
    return wanted.test(verdicts.slice(firstEvent, firstEvent + count));
  });
  return found?.map(namesIn) ?? [];
}

function namesIn({ requestId, trace }: RequestContext): NamesOfRequest {
  return { requestId, ...(trace && { traceId: trace.traceId }) };
}
