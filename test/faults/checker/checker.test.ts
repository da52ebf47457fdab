import fc from "fast-check";
import { expect, test } from "vitest";
import type { CheckName } from "./check.ts";
import { checkRun } from "./checker.ts";
import { type ModelRun, modelRun } from "./model-run.ts";
import type { Observations } from "./observations.ts";

/** Returns the names of the checks that fail. */
function failedChecks(observations: Observations): CheckName[] {
  return checkRun(observations)
    .filter(({ violations }) => violations > 0)
    .map(({ name }) => name);
}

/** Returns observations of a run that kept every promise, with one request for each outcome. */
function honest(change: (run: ModelRun) => void = () => {}): Observations {
  return modelRun(
    [
      { numbers: [0, 1, 1, 2], fate: "answered" },
      { numbers: [0, 3], fate: "answered" },
      { numbers: [1, 4, 5], fate: "receipt" },
      { numbers: [4, 6], fate: "lost, taken" },
      { numbers: [4, 7], fate: "lost, not taken" },
      { numbers: [8], fate: "refused" },
      { numbers: [9], slow: [10], fate: "answered" },
      { numbers: [11], slow: [12], fate: "receipt" },
      { numbers: [13], slow: [14], fate: "lost, taken" },
    ],
    change,
  );
}

test("a run without a defect passes every check, with any outcomes of its requests", () => {
  const fate = fc.constantFrom("answered", "receipt", "lost, taken", "lost, not taken", "refused");
  const request = fc.record({ copies: fc.array(fc.nat({ max: 20 }), { maxLength: 6 }), fate });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
      const withProbes = requests.map(({ copies, fate }, index) => ({ numbers: [...copies, 100 + index], fate }));
      expect(failedChecks(modelRun(withProbes as Parameters<typeof modelRun>[0]))).toEqual([]);
    }),
  );
});

const BREACHES: [what: string, name: CheckName, change: (run: ModelRun) => void][] = [
  ["an answered event is gone", "never lost", ({ timesStored }) => timesStored.delete(3)],
  ["an event of a receipt is gone", "never lost", ({ timesStored }) => timesStored.delete(5)],
  ["an event is stored twice", "stored once", ({ timesStored }) => timesStored.set(3, 2)],
  [
    "an event is stored that was never sent",
    "nothing invented",
    ({ observations }) => observations.recount.unknownKeys.push("?"),
  ],
  ["an event differs", "content kept", ({ observations }) => observations.recount.altered.push("?")],
  ["a refused event is stored", "refused is refused", ({ timesStored }) => timesStored.set(8, 1)],
  ["half of a lost request is stored", "whole requests", ({ timesStored }) => timesStored.delete(4)],
  ["a slow event is stored", "books balance", ({ observations }) => observations.stats.dead_lettered--],
  ["a slow event that its answer calls stored", "verdicts are right", ({ observations }) => vindicate(observations)],
  ["one unique too many", "books balance", ({ observations }) => observations.stats.unique_processed++],
  ["a conflict among equal copies", "dropped copies on record", ({ observations }) => observations.stats.conflicts++],
  ["a conflict that no answer reports", "verdicts are right", ({ observations }) => conflict(observations)],
  ["a dropped copy that is not listed", "dropped copies on record", (run) => unlist(run.observations)],
  ["drift", "no drift", (run) => Object.assign(run.observations.stats, { drift: 1 })],
  [
    "a confirmed event is missing at a look during the run",
    "confirmed events kept",
    ({ observations }) => look(observations, { confirmed: 5, unconfirmed: -1 }),
  ],
  [
    "confirmed events are missing at the end",
    "confirmed events kept",
    (run) => Object.assign(run.observations.stats, { unconfirmed: -2 }),
  ],
  [
    "an event that no gateway counted, although each heard every confirmation",
    "confirmed events kept",
    (run) => Object.assign(run.observations.stats, { unconfirmed: 1 }),
  ],
  ["an audit that differs", "audit agrees", (run) => Object.assign(run.observations, { audit: { balanced: false } })],
  [
    "too few redeliveries",
    "redelivered enough",
    (run) => Object.assign(run.observations, { redeliveries: 9, requirements: { minRedeliveries: 10 } }),
  ],
  [
    "a 503 where every request has to be answered",
    "answers keep to the contract",
    (run) => Object.assign(run.observations, { requirements: { mustAnswerAll: true } }),
  ],
  ["a redelivery is counted", "copies counted once", ({ observations }) => observations.stats.duplicate_dropped++],
  ["a duplicate of another source", "copies counted once", ({ observations }) => swapSources(observations)],
  ["a verdict of another request", "verdicts are right", ({ observations }) => shift(observations)],
  ["a receipt that stays pending", "receipts judged", ({ observations }) => pend(observations)],
  ["received falls", "received never falls", ({ observations }) => fall(observations)],
  ["a queue that stays", "backlog gone", (run) => Object.assign(run.observations, { backlog: "3 events queued" })],
  ["a 500", "answers keep to the contract", ({ observations }) => answer(observations, "500 internal")],
  [
    "a good event refused",
    "answers keep to the contract",
    ({ observations }) => answer(observations, "422 invalid_event"),
  ],
  [
    "much memory",
    "memory bounded",
    (run) => Object.assign(run.observations, { peakBytes: new Map([["single", 2 ** 30]]) }),
  ],
  [
    "a crash",
    "processes keep going",
    (run) => Object.assign(run.observations, { endings: ["single ended by itself with 1"] }),
  ],
];

test.for(BREACHES)("a run with this defect fails its check: %s, `%s`", ([, name, change]) => {
  expect(failedChecks(honest(change))).toContain(name);
});

function shift({ attempts }: Observations): void {
  const [first, second] = attempts;
  if (first?.counts === undefined || second?.counts === undefined) throw new Error("both were answered");
  first.counts.accepted--;
  first.counts.duplicates++;
  second.counts.accepted++;
  second.counts.duplicates--;
}

function conflict({ attempts, stats }: Observations): void {
  const [first] = attempts;
  if (first === undefined) throw new Error("there are attempts");
  first.conflicts++;
  stats.conflicts++;
}

function vindicate({ attempts }: Observations): void {
  const counts = attempts.find(({ slow }) => slow.length > 0)?.counts;
  if (counts === undefined) throw new Error("one with a slow event was answered");
  counts.deadLettered--;
  counts.accepted++;
}

function swapSources({ stats }: Observations): void {
  for (const [index, entry] of stats.by_source.entries()) entry.duplicate_dropped += index === 0 ? 1 : -1;
}

function unlist(observations: Observations): void {
  Object.assign(observations, { dropped: observations.dropped.slice(1) });
}

function pend({ receipts }: Observations): void {
  for (const counts of receipts.values()) Object.assign(counts ?? {}, { accepted: 0, pending: 2 });
}

function look({ samples, stats }: Observations, seen: Partial<Observations["stats"]>): void {
  (samples as unknown[]).push({ stats: { ...stats, ...seen }, okCopiesBefore: 0, queueStarts: [1, 1] });
}

function fall({ samples, stats }: Observations): void {
  const sample = (received: number) => ({
    stats: { ...stats, received },
    okCopiesBefore: 0,
    queueStarts: [1, 1] as [1, 1],
  });
  (samples as unknown[]).push(sample(5), sample(4));
}

function answer({ attempts }: Observations, text: string): void {
  const last = attempts.at(-1);
  if (last !== undefined) last.answer = text;
}
