import { judgeAnswers } from "./check-answers.ts";
import { judgeBooks } from "./check-books.ts";
import { judgeEvents } from "./check-events.ts";
import type { Evidence } from "./evidence.ts";
import type { Judgement } from "./judgement.ts";
import { probeOf } from "./tally.ts";

/** Judges a run, every promise apart from the others. */
export function judge(evidence: Evidence): Judgement[] {
  const { timesStored } = evidence.recount;
  const attempts = evidence.attempts.map((attempt) => ({
    ...attempt,
    // A request is taken whole or not at all, so its probe speaks for an answer that was lost.
    isTaken: attempt.outcome === "ok" || (attempt.outcome === "unknown" && timesStored.has(probeOf(attempt))),
  }));
  return [...judgeEvents(evidence, attempts), ...judgeBooks(evidence, attempts), ...judgeAnswers(evidence, attempts)];
}
