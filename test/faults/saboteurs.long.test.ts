import { test } from "vitest";
import type { CheckName } from "./checker/check.ts";
import { runFaults } from "./run.ts";
import { exposingSteps, type Sabotage, timeoutsWith } from "./saboteurs/sabotage.ts";

const TIMEOUT_MS = 180_000;

/** Each saboteur, and the check that must report it. */
const EXPOSED: [Sabotage, CheckName][] = [
  ["ack-before-commit", "never lost"],
  ["no-ledger", "copies counted once"],
  ["counters-outside", "books balance"],
  ["verdicts-shifted", "verdicts are right"],
  ["drops-stored", "books balance"],
  ["trims-frames", "confirmed events kept"],
  ["conflicts-unseen", "verdicts are right"],
  ["confirms-before-append", "never lost"],
  ["retries-slow-data", "backlog gone"],
];

/** A kill exposes most saboteurs only if it comes at a bad moment, so each of them gets several runs. */
const SEEDS = [1, 2, 3];

test.concurrent.for(EXPOSED)(
  "the saboteur %s fails the check `%s`",
  { timeout: TIMEOUT_MS },
  async ([sabotage, name], { expect }) => {
    const failed: CheckName[] = [];
    for (const seed of SEEDS) {
      const { results } = await runFaults({
        shape: "stack",
        seed,
        steps: exposingSteps(sabotage),
        durationMs: 5_000,
        load: { rate: 400, maxBatch: 24 },
        sabotage,
        ...timeoutsWith(sabotage),
      });
      failed.push(...results.filter(({ violations }) => violations > 0).map((result) => result.name));
      if (failed.includes(name)) break;
    }
    expect(failed).toContain(name);
  },
);
