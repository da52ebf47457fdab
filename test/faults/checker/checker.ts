import { probeOf } from "../load/tally.ts";
import type { CheckResult } from "./check.ts";
import { checkAnswers } from "./check-answers.ts";
import { checkBooks } from "./check-books.ts";
import { checkEvents } from "./check-events.ts";
import type { Observations } from "./observations.ts";

/** Checks a run, each promise separately. */
export function checkRun(observations: Observations): CheckResult[] {
  const { timesStored } = observations.recount;
  const attempts = observations.attempts.map((attempt) => ({
    ...attempt,
    // A request is stored as a whole or not at all, so its probe shows the outcome of a lost answer.
    isTaken: attempt.outcome === "ok" || (attempt.outcome === "unknown" && timesStored.has(probeOf(attempt))),
  }));
  return [
    ...checkEvents(observations, attempts),
    ...checkBooks(observations, attempts),
    ...checkAnswers(observations, attempts),
  ];
}
