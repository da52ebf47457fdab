import type { Evidence } from "./evidence.ts";
import { Finding, type Judgement } from "./judgement.ts";
import { probeOf, type ResolvedAttempt } from "./tally.ts";

/** Judges which events are stored, and as what. */
export function judgeEvents({ recount }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement[] {
  const { timesStored } = recount;
  const once = new Finding("stored once", "no event is stored twice");
  for (const [number, times] of timesStored) {
    if (times > 1) once.breaks(`event ${number} is stored ${times} times`, times - 1);
  }

  const lost = new Finding("never lost", "every event answered 200 or 202 is stored");
  const taken = new Map<number, ResolvedAttempt>();
  for (const attempt of attempts) {
    if (attempt.isTaken) for (const number of attempt.numbers) taken.set(number, attempt);
  }
  for (const [number, { outcome, answer }] of taken) {
    if (outcome === "ok" && !timesStored.has(number)) lost.breaks(`event ${number}, answered ${answer}, is not stored`);
  }

  const invented = new Finding("nothing invented", "nothing is stored that was never sent");
  for (const key of recount.strangers) invented.breaks(`${key} is stored`);

  const kept = new Finding("content kept", "what is stored is what was sent, to the last digit");
  for (const key of recount.altered) kept.breaks(`${key} differs`);

  const refused = new Finding("refused is refused", "an event that was only ever refused is not stored");
  const whole = new Finding("whole requests", "a request is taken whole or not at all");
  for (const attempt of attempts) {
    if (attempt.isTaken) {
      const missing = attempt.numbers.filter((number) => !timesStored.has(number));
      if (attempt.outcome === "unknown" && missing.length > 0) {
        whole.breaks(`of a request whose answer was lost event ${probeOf(attempt)} is stored, event ${missing[0]} not`);
      }
      continue;
    }
    for (const number of attempt.numbers) {
      if (taken.has(number) || !timesStored.has(number)) continue;
      const story = `event ${number}, answered ${attempt.answer}, is stored`;
      if (attempt.outcome === "failed") refused.breaks(story);
      else whole.breaks(`${story}, event ${probeOf(attempt)} of the same request not`);
    }
  }
  return [once, lost, invented, kept, refused, whole];
}
