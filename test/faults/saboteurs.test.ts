import { expect, test } from "vitest";
import type { JudgementName } from "./judgement.ts";
import { runFaults } from "./run.ts";
import { exposingSteps, type Sabotage } from "./saboteurs/sabotage.ts";

const TIMEOUT_MS = 180_000;

/** Each consumer that breaks a promise, and the judgement that has to say so. */
const EXPOSED: [Sabotage, JudgementName][] = [
  ["ack-before-commit", "never lost"],
  ["no-ledger", "copies counted once"],
  ["counters-outside", "books balance"],
  ["verdicts-shifted", "verdicts are right"],
  ["drops-stored", "books balance"],
  ["conflicts-unseen", "verdicts are right"],
  ["confirms-before-append", "never lost"],
];

test.for(EXPOSED)("%s is found out: `%s`", { timeout: TIMEOUT_MS }, async ([sabotage, name]) => {
  const { judgements } = await runFaults({
    shape: "stack",
    seed: 1,
    steps: exposingSteps(sabotage),
    durationMs: 5_000,
    load: { rate: 400, maxBatch: 24 },
    sabotage,
    receiptsTimeoutMs: 2_000,
  });
  expect(judgements.filter(({ broken }) => broken > 0).map((judgement) => judgement.name)).toContain(name);
});
