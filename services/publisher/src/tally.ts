import { createHistogram } from "node:perf_hooks";
import { NumberSet } from "./number-set.ts";
import type { PlannedRequest } from "./plan.ts";
import type { Outcome } from "./send.ts";

const LONGEST_MICROSECONDS = 24 * 60 * 60 * 1_000_000;

/** The publisher's own counts of sent events and of answers. It takes two bits for each event of the plan. */
export class Tally {
  /** Events in requests that have ended. */
  sent = 0;
  /** Events in requests in flight: about to be sent, sent, or waiting for their verdict. */
  pending = 0;
  /** Events with a verdict. */
  withVerdict = 0;
  accepted = 0;
  duplicates = 0;
  conflicts = 0;
  deadLettered = 0;
  /** Events that were refused. */
  errors = 0;
  /** Events whose outcome is unknown. */
  unknown = 0;
  requests = 0;
  retries = 0;
  /** Events in attempts whose answer was lost, which the service may have received in addition. */
  doubtfulReceived = 0;
  /** Answers whose counts do not add up to what was sent. */
  wrongAnswers = 0;
  /** The durations of answered attempts in microseconds, within 1 %. */
  readonly latencies = createHistogram({ lowest: 1, highest: LONGEST_MICROSECONDS, figures: 2 });
  /** The first few reasons why requests failed, with their counts. */
  readonly reasons = new Map<string, number>();
  /** The reason for which the service refused the key. */
  keyRefusal: string | undefined;
  /** The distinct events in answers. */
  readonly answeredEvents: NumberSet;
  /** The distinct events that an attempt with a lost answer may have stored. */
  readonly doubtfulEvents: NumberSet;

  constructor(distinct: number) {
    this.answeredEvents = new NumberSet(distinct);
    this.doubtfulEvents = new NumberSet(distinct);
  }

  begin(request: PlannedRequest): void {
    this.pending += request.length;
  }

  record(request: PlannedRequest, outcome: Outcome): void {
    this.pending -= request.length;
    this.requests++;
    this.sent += request.length;
    this.retries += outcome.attempts - 1;
    // An unknown outcome without a lost attempt is a request that was answered 202 and got no verdict.
    const lostAttempts =
      outcome.result === "unknown" ? Math.max(outcome.doubtfulAttempts, 1) : outcome.doubtfulAttempts;
    this.doubtfulReceived += lostAttempts * request.length;
    if (lostAttempts > 0) for (const number of request) this.doubtfulEvents.add(number);
    if (outcome.result === "answered") this.#recordCounts(request, outcome);
    else if (outcome.result === "refused") this.errors += request.length;
    else this.unknown += request.length;
    if (outcome.reason !== undefined) this.#recordReason(outcome.reason);
    if (outcome.isKeyRefused) this.keyRefusal = outcome.reason;
  }

  #recordCounts(request: PlannedRequest, { counts, ms = 0 }: Outcome): void {
    if (counts === undefined) throw new Error("an answered request has counts");
    this.latencies.record(Math.max(1, Math.round(ms * 1_000)));
    this.withVerdict += request.length;
    this.accepted += counts.accepted;
    this.duplicates += counts.duplicates;
    this.conflicts += counts.conflicts;
    this.deadLettered += counts.deadLettered;
    for (const number of request) this.answeredEvents.add(number);
    const told = counts.accepted + counts.duplicates + counts.deadLettered;
    if (counts.received !== request.length || told !== request.length) this.wrongAnswers++;
  }

  #recordReason(reason: string): void {
    const count = this.reasons.get(reason);
    if (count !== undefined || this.reasons.size < 10) this.reasons.set(reason, (count ?? 0) + 1);
  }
}
