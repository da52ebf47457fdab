import { monitorEventLoopDelay } from "node:perf_hooks";
import { Metrics } from "./metrics.ts";

const LOOP_RESOLUTION_MS = 20;
const QUANTILES = [0.5, 0.99, 1];
/** Longer than the usual interval of scrapes, so that no delay passes unseen between two of them. */
const LOOP_WINDOW_MS = 60_000;

/** Creates the metrics of a process, including those that every process has. A process must call it only once. */
export function createProcessMetrics({ service, version }: { service: string; version: string }): Metrics {
  const metrics = new Metrics();
  const readDelay = measureEventLoop();
  metrics.readGauges({
    // The monitor measures the time between two callbacks of a timer. Without any delay this time equals the
    // resolution.
    read: () => {
      const secondsOf = (quantile: number) => readDelay(quantile * 100) / 1e9 - LOOP_RESOLUTION_MS / 1e3;
      return Object.fromEntries(QUANTILES.map((quantile) => [quantile, Math.max(0, secondsOf(quantile))]));
    },
    gauges: [
      {
        name: "tidemark_event_loop_delay_seconds",
        help: "The time that callbacks waited for the event loop, within the last one to two minutes.",
        label: "quantile",
        value: (delays) => delays,
      },
    ],
  });
  metrics.readGauges({
    read: () => performance.timeOrigin / 1_000,
    gauges: [
      {
        name: "tidemark_process_start_time_seconds",
        help: "The time at which the process started, in seconds since the epoch.",
        value: (seconds) => seconds,
      },
    ],
  });
  metrics.readGauges({
    read: () => process.memoryUsage.rss(),
    gauges: [
      {
        name: "tidemark_process_resident_bytes",
        help: "The memory that the process has in RAM.",
        value: (rss) => rss,
      },
    ],
  });
  metrics.readCounter({
    name: "tidemark_process_cpu_seconds_total",
    help: "The processor time that the process has used, in user and system mode.",
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  metrics.facts({
    name: "tidemark_build_info",
    help: "1, with the service and its version.",
    facts: { service, version },
  });
  return metrics;
}

/**
 * Measures the event loop. Returns a function that reads a percentile, in nanoseconds, of the last one to two windows.
 * A read changes nothing, so that each of several scrapers sees all delays.
 */
function measureEventLoop(): (percentile: number) => number {
  const start = () => {
    const monitor = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    monitor.enable();
    return monitor;
  };
  let [older, younger] = [start(), start()];
  setInterval(() => {
    older.reset();
    [older, younger] = [younger, older];
  }, LOOP_WINDOW_MS).unref();
  return (percentile) => older.percentile(percentile);
}
