import { writeFile } from "node:fs/promises";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { describeEnvironment } from "./environment.ts";
import { FAULTS_COMMAND } from "./options.ts";
import { writeReport } from "./report.ts";
import { runFaults } from "./run.ts";
import { exposingSteps, timeoutsWith } from "./saboteurs/sabotage.ts";
import { createScenario } from "./schedule/scenario.ts";
import type { Step } from "./schedule/schedule.ts";

const options = commandLineOrExit(FAULTS_COMMAND);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const scenario = createScenario(options);
const beganAtMs = performance.now();
const result = await runFaults({
  ...scenario,
  ...options,
  dir: options.keep,
  steps: [...exposingSteps(options.sabotage), ...scenario.steps],
  shape: scenario.shape,
  onStep: tell,
  ...timeoutsWith(options.sabotage),
});
const { seed, sabotage } = options;
const report = writeReport(result, {
  scenario,
  seed,
  sabotage,
  environment: await describeEnvironment(result.programs),
});
process.stdout.write(report);
if (options.report !== undefined) await writeFile(options.report, report);
process.exit(result.results.some(({ violations }) => violations > 0) ? 1 : 0);

function tell({ faults }: Step): void {
  const seconds = ((performance.now() - beganAtMs) / 1_000).toFixed(1);
  const words = faults.map(({ kind, target, holdMs }) => `${kind} ${target} ${(holdMs / 1_000).toFixed(1)} s`);
  process.stderr.write(`${seconds.padStart(6)} s  ${words.join("  +  ")}\n`);
}
