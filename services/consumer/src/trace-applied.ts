import { nowMs } from "@tidemark/domain/clock";
import type { RequestContext } from "@tidemark/domain/request-context";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import { verdictAttributes } from "@tidemark/telemetry/tracing/attributes";
import type { Tracer } from "@tidemark/telemetry/tracing/tracer";
import { rangeOfRequest } from "./name-requests.ts";

/** The moments of a batch, by `nowMs`. */
interface BatchTimes {
  takenAtMs: number;
  committedAtMs: number;
}

/**
 * Records the steps of a batch through the log and the store, once its verdicts are sent. Each sampled request in the
 * contexts of a frame gets its own spans, below the span that appended it. One trace therefore shows the whole path of
 * one request, although a transaction carries many of them.
 */
export function traceApplied(tracer: Tracer, deliveries: Delivery[], { frames }: Applied, times: BatchTimes): void {
  const sentAtMs = nowMs();
  for (const [index, delivery] of deliveries.entries()) {
    const applied = frames[index];
    for (const context of delivery.frame.contexts ?? []) {
      if (applied === undefined || !context.trace?.isSampled) continue;
      const batch = { "tidemark.transaction.frames": deliveries.length };
      traceRequest(tracer, { delivery, applied, context, batch, times: { ...times, sentAtMs } });
    }
  }
}

interface AppliedRequest {
  delivery: Delivery;
  applied: AppliedFrame;
  context: RequestContext;
  batch: Record<string, number>;
  times: BatchTimes & { sentAtMs: number };
}

function traceRequest(tracer: Tracer, { delivery, applied, context, batch, times }: AppliedRequest): void {
  const { frame, loggedAtMs, origin } = delivery;
  const { takenAtMs, committedAtMs, sentAtMs } = times;
  const span = tracer.start("process frame", {
    kind: "consumer",
    parent: context.trace,
    startMs: loggedAtMs,
    attributes: {
      "messaging.message.id": frame.id,
      "tidemark.log.sequence": origin.sequence,
      "tidemark.frame.requests": frame.requests.length,
      "tidemark.redelivered": !applied.isNew,
      "tidemark.request_id": context.requestId,
    },
  });
  if (span === undefined) return;
  const step = (name: string, startMs: number, endMs: number, attributes?: Record<string, number>) =>
    span.startChild(name, { startMs, ...(attributes && { attributes }) }).end(endMs);
  const { firstEvent, count } = rangeOfRequest(frame, context.request);
  step("wait in log", loggedAtMs, takenAtMs);
  step("transaction", takenAtMs, committedAtMs, batch);
  step("send verdicts", committedAtMs, sentAtMs, verdictAttributes(applied.verdicts, firstEvent, count));
  span.end(sentAtMs);
}
