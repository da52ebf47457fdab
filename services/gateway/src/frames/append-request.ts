import type { Verdicts } from "@tidemark/domain/verdict";
import { verdictAttributes } from "@tidemark/telemetry/tracing/attributes";
import { traced } from "@tidemark/telemetry/tracing/traced";
import type { FastifyRequest } from "fastify";
import type { FramePart, FrameRequest, FrameWriter } from "./frame-writer.ts";

/** A request whose events the log has confirmed. */
export interface AppendedRequest {
  part: FramePart;
  /** The verdicts of the whole frame; undefined when they did not arrive in time. */
  verdicts: Verdicts | undefined;
}

/**
 * Appends the events of a request and waits for their verdicts. If the request is traced, these are two spans. The frame
 * carries the first one, so that the consumer continues the trace there.
 */
export async function appendRequest(
  frames: FrameWriter,
  { id: requestId, span, trace, log }: FastifyRequest,
  events: Omit<FrameRequest, "context">,
): Promise<AppendedRequest> {
  const append = async (appending: typeof span) => {
    // The consumer records only requests that are recorded here, so that no trace has a gap.
    const ofFrame = appending?.context ?? (trace && { ...trace, isSampled: false });
    const part = await frames.append({ ...events, context: { requestId, trace: ofFrame } });
    appending?.set({ "messaging.message.id": part.frameId, "tidemark.events": events.count });
    return part;
  };
  const part = await traced(span, "append to log", append, { kind: "producer" });
  log.debug({ frame: part.frameId, firstEvent: part.firstEvent, events: events.count }, "the log has taken a request");

  const verdicts = await traced(span, "wait for verdicts", async (waiting) => {
    const verdicts = await part.verdicts;
    waiting?.set({ "tidemark.in_time": verdicts !== undefined });
    if (verdicts !== undefined) waiting?.set(verdictAttributes(verdicts, part.firstEvent, events.count));
    return verdicts;
  });
  return { part, verdicts };
}
