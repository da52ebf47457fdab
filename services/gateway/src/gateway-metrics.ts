import { countEvents } from "@tidemark/domain/frame";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";

type Appender = Pick<EventLog, "append" | "maxFrameBytes">;

const EVENTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface GatewayMetrics {
  /** Notes the valid events of a request. */
  noteRequest(events: number): void;
  /** Returns the log with an `append` that is counted and timed. */
  measureAppends(eventLog: Appender): Appender;
}

/** Creates the metrics of appending to the log. The HTTP server counts the requests. */
export function createGatewayMetrics(metrics: Metrics): GatewayMetrics {
  const requestEvents = metrics.histogram({
    name: "tidemark_request_events",
    help: "The valid events of a publish request.",
    buckets: EVENTS,
  });
  const frameEvents = metrics.histogram({
    name: "tidemark_frame_events",
    help: "The events of a frame that the log has confirmed.",
    buckets: EVENTS,
  });
  const received = metrics.counter({
    name: "tidemark_received_events_total",
    help: "Events that the log has confirmed.",
  });
  const appendSeconds = metrics.histogram({
    name: "tidemark_append_seconds",
    help: "The time from sending a frame to the log to its confirmation.",
    buckets: SECONDS,
  });
  return {
    noteRequest: (events) => requestEvents.observe(events),
    measureAppends: (eventLog) => ({
      get maxFrameBytes() {
        return eventLog.maxFrameBytes;
      },
      async append(frame) {
        const startedAtMs = performance.now();
        const appended = await eventLog.append(frame);
        appendSeconds.observe((performance.now() - startedAtMs) / 1_000);
        const events = countEvents(frame);
        frameEvents.observe(events);
        received.inc(events);
        return appended;
      },
    }),
  };
}
