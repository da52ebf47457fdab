import { agrees, type Comparison } from "./comparison.ts";
import { formatCount } from "./format-count.ts";
import type { Tally } from "./tally.ts";

/** Writes the summary of a run. */
export function writeSummary(tally: Tally, durationMs: number): string {
  const seconds = durationMs / 1_000;
  const rows: [string, string][] = [
    ["sent", `${formatCount(tally.sent)} events in ${formatCount(tally.requests)} requests`],
    ["accepted", formatCount(tally.accepted)],
    ["duplicates", formatCount(tally.duplicates)],
    ["conflicts", formatCount(tally.conflicts)],
    ["errors", `${formatCount(tally.errors + tally.deadLettered)} events`],
    ["unknown", `${formatCount(tally.unknown)} events`],
    ["retries", formatCount(tally.retries)],
    ["duration", `${seconds.toFixed(2)} s`],
    ["events/s", formatCount(Math.round(tally.withVerdict / seconds))],
    ["latency", `p50 ${percentile(tally, 50)}, p95 ${percentile(tally, 95)}, p99 ${percentile(tally, 99)}`],
  ];
  const reasons = [...tally.reasons].map(([reason, count]) => `  ${formatCount(count)} x ${reason}`);
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`);
  return [...lines, ...(reasons.length > 0 ? ["requests that failed:", ...reasons] : [])].join("\n");
}

/** Writes one line per figure: its value and the expected one. */
export function writeComparisons(comparisons: Comparison[]): string {
  return comparisons
    .map((comparison) => {
      const { name, actual, least, most } = comparison;
      const expected = least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
      return `  ${agrees(comparison) ? "ok" : "NOT OK"} ${name}: ${formatCount(actual)}, expected ${expected}`;
    })
    .join("\n");
}

function percentile({ latencies }: Tally, percent: number): string {
  return latencies.count === 0 ? "-" : `${(latencies.percentile(percent) / 1_000).toFixed(1)} ms`;
}
