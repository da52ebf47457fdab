import type { Counts } from "@tidemark/client/answer";
import type { Evidence } from "./evidence.ts";
import { Finding, type Judgement } from "./judgement.ts";
import type { ResolvedAttempt } from "./tally.ts";

const MAX_BYTES = 600 * 1024 * 1024;

/** Judges what the client was told, and how the processes fared. */
export function judgeAnswers(evidence: Evidence, attempts: readonly ResolvedAttempt[]): Judgement[] {
  return [
    verdicts(evidence, attempts),
    receipts(evidence, attempts),
    contract(evidence, attempts),
    memory(evidence),
    endings(evidence),
  ];
}

/**
 * The counts of a request lie between what nothing but its events allows: an event that no other attempt brought must
 * have been accepted, one that was answered 200 before the request began cannot have been. And all that was accepted,
 * is stored.
 */
function verdicts({ recount, receipts: judged }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement {
  const finding = new Finding("verdicts are right", "each answer counts the events of its own request, and rightly");
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
    const fault = faultOf(counts, { size: attempt.numbers.length, conflicts: attempt.conflicts, least, most });
    if (fault !== undefined) finding.breaks(`a request answered ${attempt.answer}: ${fault}`);
  }
  const rest = recount.rows - accepted;
  if (rest < untold.least || rest > untold.most) {
    finding.breaks(`${recount.rows} stored, ${accepted} told, leaves ${rest}, not ${untold.least} to ${untold.most}`);
  }
  return finding;
}

function faultOf(
  { received, accepted, duplicates, conflicts, deadLettered }: Counts,
  { size, least, most, ...sent }: { size: number; conflicts: number; least: number; most: number },
): string | undefined {
  if (received !== size) return `received ${received} of ${size}`;
  if (accepted + duplicates !== size) return `accepted ${accepted} and ${duplicates} duplicates of ${size}`;
  if (conflicts !== sent.conflicts) return `${conflicts} conflicts, not ${sent.conflicts}`;
  if (deadLettered > 0) return `${deadLettered} dead letters among good events`;
  if (accepted < least || accepted > most) return `accepted ${accepted} of ${size}, not ${least} to ${most}`;
  return undefined;
}

function receipts({ receipts: judged }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement {
  const finding = new Finding("receipts judged", "every receipt is judged, and its counts add up");
  for (const { numbers, receipt } of attempts) {
    if (receipt === undefined) continue;
    const counts = judged.get(receipt);
    if (counts === undefined) finding.breaks("a receipt gives no counts");
    else if (counts.pending !== 0) finding.breaks(`a receipt of ${numbers.length} has ${counts.pending} pending`);
    else if (counts.received !== numbers.length || counts.accepted + counts.duplicates !== numbers.length) {
      finding.breaks(`a receipt of ${numbers.length} says ${JSON.stringify(counts)}`);
    }
  }
  finding.remark = `${judged.size} receipts`;
  return finding;
}

function contract({ demands }: Evidence, attempts: readonly ResolvedAttempt[]): Judgement {
  const mustAnswerAll = demands?.mustAnswerAll ?? false;
  const finding = new Finding(
    "answers are of the contract",
    mustAnswerAll
      ? "every good request gets 200 or 202, every bad one 422"
      : "good requests get 200, 202, 429 or 503, bad ones 422 or 503",
  );
  for (const { answer, isBad, outcome, counts, receipt } of attempts) {
    const status = Number(/^\d{3}\b/.exec(answer)?.[0] ?? 0);
    const isAnswered = isBad ? status === 422 : status === 200 || status === 202;
    const isPutOff = [0, 429, 503].includes(status); // 0: no answer came
    const isExpected = isAnswered || (isPutOff && !mustAnswerAll);
    if (!isExpected) finding.breaks(`a ${isBad ? "bad" : "good"} request was answered ${answer}`);
    else if (outcome === "ok" && counts === undefined && receipt === undefined)
      finding.breaks(`${answer} told nothing`);
  }
  return finding;
}

function memory({ peakBytes }: Evidence): Judgement {
  const finding = new Finding("memory bounded", "no service holds 600 MiB");
  for (const [name, bytes] of peakBytes) {
    if (bytes >= MAX_BYTES) finding.breaks(`${name} held ${mebibytes(bytes)} MiB`);
  }
  finding.remark = `at most ${mebibytes(Math.max(0, ...peakBytes.values()))} MiB`;
  return finding;
}

export function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function endings({ endings: lines }: Evidence): Judgement {
  const finding = new Finding(
    "processes keep going",
    "no service ends unasked, and each answers SIGTERM by ending with 0",
  );
  for (const line of lines) finding.breaks(line);
  return finding;
}
