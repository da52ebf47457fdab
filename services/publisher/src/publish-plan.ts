import { createPace } from "./pace.ts";
import { countDistinct, type Plan, type PlannedRequest, planRequests, writeBody } from "./plan.ts";
import { type SendOptions, sendRequest } from "./send.ts";
import { Tally } from "./tally.ts";

const PROGRESS_INTERVAL_MS = 1_000;

export interface PublishOptions extends SendOptions {
  plan: Plan;
  /** The number of requests in flight at a time. */
  concurrency: number;
  /** The events a second, on average. Absent: as fast as the service takes them. */
  rate?: number | undefined;
  /** Called after each request, and every second, because no request ends while the store is down. */
  onProgress: (tally: Tally) => void;
}

/** Sends the plan to its end, until `stop` fires, or until the service refuses the key. The tally contains every request that was started. */
export async function publishPlan({ plan, concurrency, rate, onProgress, ...options }: PublishOptions): Promise<Tally> {
  const tally = new Tally(countDistinct(plan));
  const requests = planRequests(plan);
  const pace = createPace(rate);
  const publishRemaining = async (shared: Iterable<PlannedRequest>) => {
    for (const request of shared) {
      if (!(await pace(request.length, options.stop))) return;
      tally.begin(request);
      tally.record(request, await sendRequest(writeBody(plan, request), options));
      onProgress(tally);
      if (options.stop.aborted || tally.keyRefusal !== undefined) return;
    }
  };
  const timer = setInterval(() => onProgress(tally), PROGRESS_INTERVAL_MS);
  try {
    await Promise.all(Array.from({ length: concurrency }, () => publishRemaining(requests)));
  } finally {
    clearInterval(timer);
  }
  return tally;
}
