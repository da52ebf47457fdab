import { countEvents } from "@tidemark/domain/frame";
import type { VerdictCounts } from "@tidemark/domain/verdict";
import type { Delivery } from "@tidemark/event-log/event-log";
import type { Applied } from "@tidemark/event-store/event-store";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";

const EVENTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const DELAYS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200];

const VERDICTS = ["stored", "duplicate", "conflict", "dead_lettered"] as const;

/** The part of a commit that is counted. */
interface Commit {
  /** The verdicts of the frames that were new to the store. */
  counts: VerdictCounts;
  /** The receipt times of these frames. */
  receivedAtMs: number[];
  repeatedFrames: number;
}

export type ConsumerMetrics = ReturnType<typeof createConsumerMetrics>;

/** Creates the metrics of applying frames from the log to the store. */
export function createConsumerMetrics(metrics: Metrics) {
  const events = metrics.counter({
    name: "tidemark_events_total",
    help: "Events by verdict. A conflict is not also counted as a duplicate.",
    labels: ["verdict"],
  });
  for (const verdict of VERDICTS) events.inc({ verdict }, 0);
  const redelivered = metrics.counter({
    name: "tidemark_redelivered_frames_total",
    help: "Frames that were delivered although they had been applied before. Their events are not counted again.",
  });
  const storeErrors = metrics.counter({
    name: "tidemark_store_errors_total",
    help: "Attempts to change the store that failed because it was down, full or too slow.",
  });
  const transactionEvents = metrics.histogram({
    name: "tidemark_transaction_events",
    help: "The events of the frames that were applied together.",
    buckets: EVENTS,
  });
  const transactionSeconds = metrics.histogram({
    name: "tidemark_transaction_seconds",
    help: "The time that the store took to apply frames, from the call to the commit.",
    buckets: SECONDS,
  });
  const commitDelay = metrics.histogram({
    name: "tidemark_commit_delay_seconds",
    help: "The time from the receipt of a frame's first request to the commit of the frame.",
    buckets: DELAYS,
  });
  return {
    storeFailed: () => storeErrors.inc(),

    /** Applies frames, and times the attempt if it succeeds. */
    async measureApply(deliveries: Delivery[], apply: () => Promise<Applied>): Promise<Applied> {
      const startedAtMs = performance.now();
      const applied = await apply();
      transactionSeconds.observe((performance.now() - startedAtMs) / 1_000);
      transactionEvents.observe(deliveries.reduce((sum, { frame }) => sum + countEvents(frame), 0));
      return applied;
    },

    /** Counts what a commit has changed: the verdicts and receipt times of new frames, and how many frames were not new. */
    committed({ counts, receivedAtMs, repeatedFrames }: Commit): void {
      const { accepted, duplicates, conflicts, deadLettered } = counts;
      if (accepted > 0) events.inc({ verdict: "stored" }, accepted);
      if (duplicates > conflicts) events.inc({ verdict: "duplicate" }, duplicates - conflicts);
      if (conflicts > 0) events.inc({ verdict: "conflict" }, conflicts);
      if (deadLettered > 0) events.inc({ verdict: "dead_lettered" }, deadLettered);
      const nowMs = Date.now();
      for (const atMs of receivedAtMs) commitDelay.observe(Math.max(0, nowMs - atMs) / 1_000);
      if (repeatedFrames > 0) redelivered.inc(repeatedFrames);
    },
  };
}
