import fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "./checker.ts";
import type { Evidence } from "./evidence.ts";
import type { JudgementName } from "./judgement.ts";
import { type ModelRun, modelRun } from "./model-run.ts";

/** The names of the promises that evidence breaks. */
function broken(evidence: Evidence): JudgementName[] {
  return judge(evidence)
    .filter(({ broken }) => broken > 0)
    .map(({ name }) => name);
}

/** Evidence of a run that kept every promise: the third request was answered 202, the fourth's answer was lost. */
function honest(change: (run: ModelRun) => void = () => {}): Evidence {
  return modelRun(
    [
      { numbers: [0, 1, 1, 2], fate: "answered" },
      { numbers: [0, 3], fate: "answered" },
      { numbers: [1, 4, 5], fate: "receipt" },
      { numbers: [4, 6], fate: "lost, taken" },
      { numbers: [4, 7], fate: "lost, not taken" },
      { numbers: [8], fate: "refused" },
    ],
    change,
  );
}

test("an honest run breaks nothing, whatever became of its requests", () => {
  const fate = fc.constantFrom("answered", "receipt", "lost, taken", "lost, not taken", "refused");
  const request = fc.record({ copies: fc.array(fc.nat({ max: 20 }), { maxLength: 6 }), fate });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
      const withProbes = requests.map(({ copies, fate }, index) => ({ numbers: [...copies, 100 + index], fate }));
      expect(broken(modelRun(withProbes as Parameters<typeof modelRun>[0]))).toEqual([]);
    }),
  );
});

const BREACHES: [what: string, name: JudgementName, change: (run: ModelRun) => void][] = [
  ["an answered event is gone", "never lost", ({ timesStored }) => timesStored.delete(3)],
  ["an event of a receipt is gone", "never lost", ({ timesStored }) => timesStored.delete(5)],
  ["an event is stored twice", "stored once", ({ timesStored }) => timesStored.set(3, 2)],
  ["an event is stored that nobody sent", "nothing invented", ({ evidence }) => evidence.recount.strangers.push("?")],
  ["an event differs", "content kept", ({ evidence }) => evidence.recount.altered.push("?")],
  ["a refused event is stored", "refused is refused", ({ timesStored }) => timesStored.set(8, 1)],
  ["half of a lost request is stored", "whole requests", ({ timesStored }) => timesStored.delete(4)],
  ["one unique too many", "books balance", ({ evidence }) => evidence.stats.unique_processed++],
  ["a conflict among equal copies", "dropped copies on record", ({ evidence }) => evidence.stats.conflicts++],
  ["a conflict that nobody is told of", "verdicts are right", ({ evidence }) => conflict(evidence)],
  ["a dropped copy that is not listed", "dropped copies on record", (run) => unlist(run.evidence)],
  ["drift", "no drift", (run) => Object.assign(run.evidence.stats, { drift: 1 })],
  ["an audit that differs", "audit agrees", (run) => Object.assign(run.evidence, { audit: { balanced: false } })],
  [
    "too few redeliveries",
    "redelivered enough",
    (run) => Object.assign(run.evidence, { redeliveries: 9, demands: { leastRedeliveries: 10 } }),
  ],
  [
    "a 503 where every request has to be answered",
    "answers are of the contract",
    (run) => Object.assign(run.evidence, { demands: { mustAnswerAll: true } }),
  ],
  ["a redelivery is counted", "copies counted once", ({ evidence }) => evidence.stats.duplicate_dropped++],
  ["a duplicate of another source", "copies counted once", ({ evidence }) => swapSources(evidence)],
  ["a verdict of another request", "verdicts are right", ({ evidence }) => shift(evidence)],
  ["a receipt that stays pending", "receipts judged", ({ evidence }) => pend(evidence)],
  ["received falls", "received never falls", ({ evidence }) => fall(evidence)],
  ["a queue that stays", "backlog gone", (run) => Object.assign(run.evidence, { backlog: "3 events queued" })],
  ["a 500", "answers are of the contract", ({ evidence }) => answer(evidence, "500 internal")],
  ["a good event refused", "answers are of the contract", ({ evidence }) => answer(evidence, "422 invalid_event")],
  [
    "much memory",
    "memory bounded",
    (run) => Object.assign(run.evidence, { peakBytes: new Map([["single", 2 ** 30]]) }),
  ],
  [
    "a crash",
    "processes keep going",
    (run) => Object.assign(run.evidence, { endings: ["single ended unasked with 1"] }),
  ],
];

test.for(BREACHES)("%s: breaks `%s`", ([, name, change]) => {
  expect(broken(honest(change))).toContain(name);
});

function shift({ attempts }: Evidence): void {
  const [first, second] = attempts;
  if (first?.counts === undefined || second?.counts === undefined) throw new Error("both were answered");
  first.counts.accepted--;
  first.counts.duplicates++;
  second.counts.accepted++;
  second.counts.duplicates--;
}

function conflict({ attempts, stats }: Evidence): void {
  const [first] = attempts;
  if (first === undefined) throw new Error("there are attempts");
  first.conflicts++;
  stats.conflicts++;
}

function swapSources({ stats }: Evidence): void {
  for (const [index, entry] of stats.by_source.entries()) entry.duplicate_dropped += index === 0 ? 1 : -1;
}

function unlist(evidence: Evidence): void {
  Object.assign(evidence, { dropped: evidence.dropped.slice(1) });
}

function pend({ receipts }: Evidence): void {
  for (const counts of receipts.values()) Object.assign(counts ?? {}, { accepted: 0, pending: 2 });
}

function fall({ samples, stats }: Evidence): void {
  const sample = (received: number) => ({ stats: { ...stats, received }, okCopiesBefore: 0, lives: [1, 1] as [1, 1] });
  (samples as unknown[]).push(sample(5), sample(4));
}

function answer({ attempts }: Evidence, text: string): void {
  const last = attempts.at(-1);
  if (last !== undefined) last.answer = text;
}
