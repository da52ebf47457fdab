import { probeOf, type ResolvedAttempt } from "../load/tally.ts";
import { Check, type CheckResult } from "./check.ts";
import type { Observations } from "./observations.ts";

/** Checks which events are stored, and with which content. */
export function checkEvents({ recount }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult[] {
  const { timesStored } = recount;
  const once = new Check("stored once", "no event is stored twice");
  for (const [number, times] of timesStored) {
    if (times > 1) once.violated(`event ${number} is stored ${times} times`, times - 1);
  }

  const lost = new Check("never lost", "every event answered 200 or 202 is stored");
  const taken = new Map<number, ResolvedAttempt>();
  for (const attempt of attempts) {
    if (attempt.isTaken) for (const number of attempt.numbers) taken.set(number, attempt);
  }
  for (const [number, { outcome, answer }] of taken) {
    if (outcome === "ok" && !timesStored.has(number))
      lost.violated(`event ${number}, answered ${answer}, is not stored`);
  }

  const invented = new Check("nothing invented", "no event is stored that was never sent");
  for (const key of recount.unknownKeys) invented.violated(`${key} is stored`);

  const kept = new Check("content kept", "every stored event equals the sent one, to the last digit");
  for (const key of recount.altered) kept.violated(`${key} differs`);

  const refused = new Check("refused is refused", "an event that was only ever refused is not stored");
  const whole = new Check("whole requests", "a request is taken completely or not at all");
  for (const attempt of attempts) {
    if (attempt.isTaken) {
      const missing = attempt.numbers.filter((number) => !timesStored.has(number));
      if (attempt.outcome === "unknown" && missing.length > 0) {
        whole.violated(
          `of a request whose answer was lost event ${probeOf(attempt)} is stored, event ${missing[0]} not`,
        );
      }
      continue;
    }
    for (const number of attempt.numbers) {
      if (taken.has(number) || !timesStored.has(number)) continue;
      const story = `event ${number}, answered ${attempt.answer}, is stored`;
      if (attempt.outcome === "failed") refused.violated(story);
      else whole.violated(`${story}, event ${probeOf(attempt)} of the same request not`);
    }
  }
  return [once, lost, invented, kept, refused, whole];
}
