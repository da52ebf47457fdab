import type { Counts } from "@tidemark/client/answer";
import { type ResolvedAttempt, sizeOf } from "../load/tally.ts";
import { Check, type CheckResult } from "./check.ts";
import type { Observations } from "./observations.ts";

const MAX_BYTES = 600 * 1024 * 1024;

/** Checks the answers that the client received, and how the processes ended. */
export function checkAnswers(observations: Observations, attempts: readonly ResolvedAttempt[]): CheckResult[] {
  return [
    verdicts(observations, attempts),
    receipts(observations, attempts),
    contract(observations, attempts),
    memory(observations),
    endings(observations),
  ];
}

/**
 * Checks that the counts of a request are within the range that its events allow. An event that no other attempt
 * carried must have been accepted, and an event that was answered 200 before the request began cannot have been
 * accepted. The accepted events add up to the stored ones.
 */
function verdicts({ recount, receipts: judged }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const check = new Check("verdicts are right", "each answer counts the events of its own request correctly");
  const taken = attempts.filter(({ isTaken }) => isTaken);
  const timesTaken = new Map<number, number>();
  const storedAtMs = new Map<number, number>();
  for (const { numbers, counts, endedAtMs } of taken) {
    for (const number of new Set(numbers)) {
      timesTaken.set(number, (timesTaken.get(number) ?? 0) + 1);
      if (counts !== undefined) storedAtMs.set(number, Math.min(endedAtMs, storedAtMs.get(number) ?? endedAtMs));
    }
  }
  let accepted = 0;
  const untold = { least: 0, most: 0 };
  for (const attempt of taken) {
    const distinct = [...new Set(attempt.numbers)];
    const least = distinct.filter((number) => timesTaken.get(number) === 1).length;
    const most = distinct.filter((number) => !((storedAtMs.get(number) ?? Infinity) < attempt.beganAtMs)).length;
    const counts = attempt.counts ?? (attempt.receipt === undefined ? undefined : judged.get(attempt.receipt));
    if (counts === undefined) {
      untold.least += least;
      untold.most += most;
      continue;
    }
    accepted += counts.accepted;
    const fault = faultOf(counts, { attempt, least, most });
    if (fault !== undefined) check.violated(`a request answered ${attempt.answer}: ${fault}`);
  }
  const rest = recount.rows - accepted;
  if (rest < untold.least || rest > untold.most) {
    check.violated(`${recount.rows} stored, ${accepted} told, leaves ${rest}, not ${untold.least} to ${untold.most}`);
  }
  return check;
}

function faultOf(
  { received, accepted, duplicates, conflicts, deadLettered }: Counts,
  { attempt, least, most }: { attempt: ResolvedAttempt; least: number; most: number },
): string | undefined {
  const size = sizeOf(attempt);
  const slow = attempt.slow.length;
  if (received !== size) return `received ${received} of ${size}`;
  if (deadLettered !== slow) return `${deadLettered} dead letters, not ${slow}`;
  if (accepted + duplicates !== size - slow) return `accepted ${accepted} and ${duplicates} duplicates of ${size}`;
  if (conflicts !== attempt.conflicts) return `${conflicts} conflicts, not ${attempt.conflicts}`;
  if (accepted < least || accepted > most) return `accepted ${accepted} of ${size}, not ${least} to ${most}`;
  return undefined;
}

function receipts({ receipts: judged }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const check = new Check("receipts judged", "every receipt is judged, and its counts add up");
  for (const attempt of attempts) {
    if (attempt.receipt === undefined) continue;
    const counts = judged.get(attempt.receipt);
    const size = sizeOf(attempt);
    if (counts === undefined) check.violated("a receipt gives no counts");
    else if (counts.pending !== 0) check.violated(`a receipt of ${size} has ${counts.pending} pending`);
    else if (counts.received !== size || counts.accepted + counts.duplicates + counts.deadLettered !== size) {
      check.violated(`a receipt of ${size} says ${JSON.stringify(counts)}`);
    }
  }
  check.remark = `${judged.size} receipts`;
  return check;
}

function contract({ requirements }: Observations, attempts: readonly ResolvedAttempt[]): CheckResult {
  const mustAnswerAll = requirements?.mustAnswerAll ?? false;
  const check = new Check(
    "answers keep to the contract",
    mustAnswerAll
      ? "every good request gets 200 or 202, every bad one 422"
      : "good requests get 200, 202, 429 or 503, bad ones 422 or 503",
  );
  for (const { answer, isBad, outcome, counts, receipt } of attempts) {
    const status = Number(/^\d{3}\b/.exec(answer)?.[0] ?? 0);
    const isAnswered = isBad ? status === 422 : status === 200 || status === 202;
    const isPutOff = [0, 429, 503].includes(status); // 0: no answer came
    const isExpected = isAnswered || (isPutOff && !mustAnswerAll);
    if (!isExpected) check.violated(`a ${isBad ? "bad" : "good"} request was answered ${answer}`);
    else if (outcome === "ok" && counts === undefined && receipt === undefined)
      check.violated(`${answer} has no counts`);
  }
  return check;
}

function memory({ peakBytes }: Observations): CheckResult {
  const check = new Check("memory bounded", "no service holds 600 MiB");
  for (const [name, bytes] of peakBytes) {
    if (bytes >= MAX_BYTES) check.violated(`${name} held ${mebibytes(bytes)} MiB`);
  }
  check.remark = `at most ${mebibytes(Math.max(0, ...peakBytes.values()))} MiB`;
  return check;
}

export function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function endings({ endings: lines }: Observations): CheckResult {
  const check = new Check("processes keep going", "no service ends by itself, and each one ends with 0 after SIGTERM");
  for (const line of lines) check.violated(line);
  return check;
}
