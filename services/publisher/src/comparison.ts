import type { Counters } from "./counters.ts";
import type { Tally } from "./tally.ts";

/** One figure, and its bounds according to the sent events. The bounds are equal unless answers were lost. */
export interface Comparison {
  name: string;
  actual: number;
  least: number;
  most: number;
}

export function agrees({ actual, least, most }: Comparison): boolean {
  return actual >= least && actual <= most;
}

/**
 * Compares the answers with the sent events. Of equal events any one may be accepted, and exactly one answer reports
 * it, which may be lost. The number of accepted events in answers is therefore at most the number of distinct events in
 * answers. It is at least the number of those that no attempt with a lost answer may have stored.
 */
export function compareAnswers(tally: Tally, expectRepeat: boolean): Comparison[] {
  const most = expectRepeat ? 0 : tally.answeredEvents.count();
  const least = expectRepeat ? 0 : tally.answeredEvents.countWithout(tally.doubtfulEvents);
  return [
    { name: "accepted", actual: tally.accepted, least, most },
    { name: "duplicates", actual: tally.duplicates, least: tally.withVerdict - most, most: tally.withVerdict - least },
    exactly("conflicts", tally.conflicts, 0),
    exactly("dead-lettered", tally.deadLettered, 0),
    exactly("answers that do not add up", tally.wrongAnswers, 0),
    exactly("refused", tally.errors, 0),
    exactly("unknown", tally.unknown, 0),
  ];
}

function exactly(name: string, actual: number, expected: number): Comparison {
  return { name, actual, least: expected, most: expected };
}

/** Compares the growth of the service's own counters; valid only if there is no other publisher. */
export function compareCounters(
  { before, after }: { before: Counters; after: Counters },
  tally: Tally,
  expectRepeat: boolean,
): Comparison[] {
  const stored = tally.answeredEvents.count();
  const perhapsStored = tally.doubtfulEvents.countWithout(tally.answeredEvents);
  const received = { least: tally.withVerdict, most: tally.withVerdict + tally.doubtfulReceived };
  const unique = expectRepeat ? { least: 0, most: 0 } : { least: stored, most: stored + perhapsStored };
  return [
    { name: "/stats received", actual: after.received - before.received, ...received },
    { name: "/stats unique_processed", actual: after.unique - before.unique, ...unique },
    {
      name: "/stats duplicate_dropped",
      actual: after.duplicates - before.duplicates,
      least: received.least - unique.least,
      most: received.most - unique.least,
    },
  ];
}
