import { TidemarkClient } from "@tidemark/client";
import { agrees, compareAnswers, compareCounters } from "./comparison.ts";
import { type CountersOptions, readCounters, waitUntilDrained } from "./counters.ts";
import { formatCount } from "./format-count.ts";
import { INTERRUPTED_EXIT_CODE, type Interruption } from "./interrupt.ts";
import type { PublisherOptions } from "./options.ts";
import { countDuplicates, type Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { publishPlan } from "./publish-plan.ts";
import { findUnreachable, REACH_TIMEOUT_MS } from "./reach.ts";
import { writeComparisons, writeSummary } from "./report.ts";
import type { Tally } from "./tally.ts";

const DRAIN_TIMEOUT_MS = 30_000;

export interface RunOptions extends Omit<PublisherOptions, "url"> {
  plan: Plan;
  url: URL;
  apiKey?: string | undefined;
  interruption: Interruption;
  progress: Progress;
  /** Prints one or more lines. */
  print: (text: string) => void;
}

/** Publishes the plan, prints the results, and resolves to the exit code. */
export async function run({ interruption, progress, print, ...options }: RunOptions): Promise<number> {
  const { plan, url, apiKey, timeout, retryFor } = options;
  const client = new TidemarkClient({ url, apiKey, requestTimeoutMs: timeout, deadlineMs: retryFor + timeout });
  print(
    `publishing ${formatCount(plan.events)} events to ${url.href}, ${formatCount(countDuplicates(plan))} of them duplicates (run ${plan.runId})`,
  );
  const timeoutMs = Math.min(retryFor, REACH_TIMEOUT_MS);
  const unreachable = await findUnreachable({ url, timeoutMs, signal: interruption.stop });
  if (unreachable !== undefined) {
    progress.stop("not connected");
    print(
      `no connection to ${url.href} (${unreachable}): start the service, or name its URL by --url or AGGREGATOR_URL`,
    );
    return 1;
  }
  const before = await readCounters({ url, apiKey, signal: interruption.stop });
  const startedAt = performance.now();
  const tally = await publishPlan({ ...options, client, ...interruption, onProgress: progress.show });
  if (tally.keyRefusal !== undefined) {
    progress.stop("refused");
    print(`${explainRefusal(apiKey)}: ${tally.keyRefusal}`);
    return 1;
  }
  progress.stop(interruption.stop.aborted ? "interrupted" : "published");
  print(writeSummary(tally, performance.now() - startedAt));
  const comparisons = compareAnswers(tally, options.expectRepeat);
  print(`answers against what was sent:\n${writeComparisons(comparisons)}`);
  if (interruption.stop.aborted) return INTERRUPTED_EXIT_CODE;
  const isStatsFine = await checkCounters(
    { url, apiKey, signal: interruption.stop },
    { before, tally, options, print },
  );
  return comparisons.every(agrees) && (isStatsFine || !options.checkStats) ? 0 : 1;
}

function explainRefusal(apiKey: string | undefined): string {
  return apiKey === undefined
    ? "the service needs a key with the scope publish (API_KEY or API_KEY_FILE)"
    : "the service refuses the key (API_KEY or API_KEY_FILE)";
}

interface CheckedRun {
  before: Awaited<ReturnType<typeof readCounters>>;
  tally: Tally;
  options: Omit<PublisherOptions, "url">;
  print: (text: string) => void;
}

async function checkCounters(
  service: CountersOptions,
  { before, tally, options, print }: CheckedRun,
): Promise<boolean> {
  const after = await waitUntilDrained({ ...service, timeoutMs: DRAIN_TIMEOUT_MS });
  if (before === undefined || after === undefined) {
    print("/stats did not answer: the service's own counters are not compared");
    return false;
  }
  const comparisons = compareCounters({ before, after }, tally, options.expectRepeat);
  const note = options.checkStats ? "" : " (for information: others may publish too; --check-stats insists)";
  print(`counters against what was sent${note}:\n${writeComparisons(comparisons)}`);
  if (after.queued > 0) print(`  ${after.queued} events are still queued after ${DRAIN_TIMEOUT_MS / 1_000} s`);
  return after.queued === 0 && comparisons.every(agrees);
}
